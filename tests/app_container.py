"""Runs tests/app in the ERP's own image, against the stack's PostgreSQL and Valkey.

`next`, the same with the newest Django that the observability package takes, runs the tests of that package.
"""

from __future__ import annotations

import subprocess
import sys

from ops import images, machine, recipes
from ops.commands import current
from ops.console import step
from ops.paths import ROOT, SECRETS
from ops.stack import PROJECT

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


def image(target: str) -> str:
    """The ERP's image with the requirements of that target on top; built when its recipe has changed."""
    recipe = recipes.recipes()["erp"]
    stack = current()
    if stack.source == "local":
        base = recipes.recipes()["python"].reference
    else:
        base = stack.model["services"]["alertmanager-config"]["image"]
    reference = f"{recipes.PREFIX}/erp-{target}:{recipe.digest}"
    if not images.present(reference):
        with step(f"Building the ERP's image for {target}"):
            dockerfile = recipe.folder / "Dockerfile"
            arguments = {"BASE_IMAGE": base, **machine.proxies()}
            images.docker_build(reference, dockerfile, recipe.folder, arguments, log=f"erp-{target}", target=target)
    return reference


def run(*arguments: str, target: str = "test", tests: str = "/tests/app") -> int:
    command = ["docker", "run", "--rm", "--network", f"{PROJECT}_erp", "--read-only", "--cap-drop=ALL"]
    command += ["--tmpfs=/tmp:size=256m,mode=1777", "--memory=1g", "--pids-limit=300"]
    command += ["--security-opt=no-new-privileges"]
    command += ["--volume", f"{ROOT / 'tests' / 'app'}:/tests/app:ro", "--workdir=/app"]
    for variable, name in SECRET_FILES.items():
        command += ["--volume", f"{SECRETS / name}:/run/secrets/{name}:ro", "--env", f"{variable}=/run/secrets/{name}"]
    for name, value in ENVIRONMENT.items():
        command += ["--env", f"{name}={value}"]
    command += [image(target), "pytest", "-q", "-c", "/tests/app/pytest.ini", tests, *arguments]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(run(*sys.argv[1:]))
