"""`python -m tests.app_container test`: tests/app in the ERP's own image, on a PostgreSQL and a Valkey of their own.

`next` and `matrix` run the tests of the package django-instrumentation with other versions than the sample's: `next`
with the newest of all but Python, `matrix` with every column of MATRIX, and ends with a table of them.
"""

import os
import subprocess
import sys
from typing import NamedTuple

from ops.console import say, table
from ops.paths import ROOT
from tests import image_targets
from tests.support import apart
from tests.support.stack import loaded_settings

SECRET_FILES = {
    "DATABASE_PASSWORD_FILE": "postgres_password",  # the superuser's: the tests make a database of their own
    "REDIS_PASSWORD_FILE": "redis_password",
}
STORES = "erp-app-test"
# What a crash would lose is of no worth to a test.
OVERLAY = """
services:
  erp-db: {labels: !reset null, command: [postgres, -c, max_connections=100, -c, fsync=off]}
  erp-redis: {labels: !reset null}
"""
ENVIRONMENT = {
    "DATABASE_HOST": "erp-db",
    "DATABASE_PORT": "5432",
    "DATABASE_NAME": "erp",
    "DATABASE_USER": "postgres",
    "REDIS_HOST": "erp-redis",
    "REDIS_PORT": "6379",
    "VERSION": "test",
}
PACKAGE = "/tests/app/instrumentation"
NEXT = "requirements-next"
NEWEST_PYTHON = "3.14"


class Column(NamedTuple):
    dependencies: str
    django: str
    python: str = "3.13"


MATRIX: dict[Column, tuple[str, ...]] = {
    Column("newest", "5.2"): (),
    Column("newest", "6.0"): ("django-6.0",),
    Column("newest", "6.1"): (NEXT,),
    Column("lowest", "5.2"): ("lowest", "django-5.2"),
    Column("lowest", "6.0"): ("lowest", "django-6.0"),
    Column("lowest", "6.1"): ("lowest", NEXT),
    Column("newest", "6.1", NEWEST_PYTHON): (NEXT,),
    Column("lowest", "5.2", NEWEST_PYTHON): ("lowest", "django-5.2"),
}
"""The folders of /opt/matrix that go before what the sample has."""


def run(image: str, tests: str, *arguments: str, series: str = "5.2", folders: tuple[str, ...] = ()) -> int:
    command = ["docker", "run", "--rm", "--network", f"{STORES}_erp", "--read-only", "--cap-drop=ALL"]
    command += ["--tmpfs=/tmp:size=256m,mode=1777", "--tmpfs=/small:size=4m,mode=1777", "--env=SMALL_DISK=/small"]
    command += ["--memory=1g", "--pids-limit=300"]
    command += ["--security-opt=no-new-privileges"]
    command += [f"--volume={ROOT / folder}:/{folder}:ro" for folder in ("tests", "sandbox", "docs/operations")] + [
        "--workdir=/app"
    ]
    for variable, name in SECRET_FILES.items():
        command += ["--volume", f"{loaded_settings().secrets / name}:/run/secrets/{name}:ro"]
        command += ["--env", f"{variable}=/run/secrets/{name}"]
    path = os.pathsep.join([*(f"/opt/matrix/{folder}" for folder in folders), "/app"])
    for name, value in {**ENVIRONMENT, "DJANGO_SERIES": series, "PYTHONPATH": path}.items():
        command += ["--env", f"{name}={value}"]
    command += [image, "pytest", "-q", "-c", "/tests/app/pytest.ini", tests, *arguments]
    return subprocess.run(command, check=False).returncode


def run_column(column: Column, *arguments: str) -> int:
    say(f"\n{column.dependencies} dependencies, Django {column.django}, Python {column.python}")
    on = image_targets.NEXT_PYTHON if column.python == NEWEST_PYTHON else ""
    image = image_targets.build("erp", "matrix", on=on)
    return run(image, PACKAGE, *arguments, series=column.django, folders=MATRIX[column])


def run_matrix(*arguments: str) -> int:
    codes = {column: run_column(column, *arguments) for column in MATRIX}
    rows = [[*column, "passed" if code == 0 else "FAILED"] for column, code in codes.items()]
    say(f"\n{table(rows, ['dependencies', 'Django', 'Python', 'result'])}")
    return max(codes.values())


def main(target: str, *arguments: str) -> int:
    with apart.running(STORES, OVERLAY, "erp-db", "erp-redis"):
        return run_target(target, *arguments)


def run_target(target: str, *arguments: str) -> int:
    if target == "matrix":
        return run_matrix(*arguments)
    if target == "next":
        return run_column(Column("newest", "6.1"), *arguments)
    return run(image_targets.build("erp", target), "/tests/app", *arguments)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
