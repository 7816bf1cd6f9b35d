"""`python -m tests.app_container test`: tests/app in the ERP's own image, against the stack's PostgreSQL and Valkey.

`next`, the same with the newest Django that the package django-o11y takes, runs the tests of that package.
"""

import subprocess
import sys

from ops.paths import ROOT, SECRETS
from ops.stack import PROJECT
from tests import image_targets

SECRET_FILES = {
    "DATABASE_PASSWORD_FILE": "postgres_password",  # the superuser's: the tests make a database of their own
    "REDIS_PASSWORD_FILE": "redis_password",
}
ENVIRONMENT = {
    "DATABASE_HOST": "erp-db",
    "DATABASE_PORT": "5432",
    "DATABASE_NAME": "erp",
    "DATABASE_USER": "postgres",
    "REDIS_HOST": "erp-redis",
    "REDIS_PORT": "6379",
    "VERSION": "test",
}
TARGETS = {"test": "/tests/app", "next": "/tests/app/o11y"}


def run(target: str, *arguments: str) -> int:
    command = ["docker", "run", "--rm", "--network", f"{PROJECT}_erp", "--read-only", "--cap-drop=ALL"]
    command += ["--tmpfs=/tmp:size=256m,mode=1777", "--tmpfs=/small:size=4m,mode=1777", "--env=SMALL_DISK=/small"]
    command += ["--memory=1g", "--pids-limit=300"]
    command += ["--security-opt=no-new-privileges"]
    command += [f"--volume={ROOT / folder}:/{folder}:ro" for folder in ("tests", "sandbox")] + ["--workdir=/app"]
    for variable, name in SECRET_FILES.items():
        command += ["--volume", f"{SECRETS / name}:/run/secrets/{name}:ro", "--env", f"{variable}=/run/secrets/{name}"]
    for name, value in ENVIRONMENT.items():
        command += ["--env", f"{name}={value}"]
    command += [image_targets.build("erp", target), "pytest", "-q", "-c", "/tests/app/pytest.ini", TARGETS[target]]
    command += arguments
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(run(*sys.argv[1:]))
