"""A project that isn't ours: Wagtail from PyPI with web, worker, beat, PostgreSQL and Valkey, monitored by labels only.

What it adds for the stack is what `make application` prints and what docs/applications.md has for Celery and stores.
"""

import hashlib
import json
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ops import image_source, images, recipes
from ops.commands import current
from ops.paths import ROOT
from tests.support import stack
from tests.support.alertmanager import TAKEN_AWAY_SECONDS, end_silences, silence
from tests.support.readme import APPLICATIONS, PACKAGE, blocks
from tests.support.repository import copy_files
from tests.support.wait import eventually

PROJECT = "magazine-of-a-user"
APPLICATION, ENV = "magazine", "production"
OF_IT = f'application="{APPLICATION}"'
SERVICES = ("web", "worker", "beat", "db", "redis")
PARTS = Path(__file__).parent / "magazine_parts"
PIN = re.compile(r"^([\w.-]+)==(\S+)", re.MULTILINE)
ASK = """
import sys, urllib.error, urllib.request
for number in range(int(sys.argv[2])):
    try:
        urllib.request.urlopen("http://web:8000" + sys.argv[1].replace("N", str(number)), timeout=20).close()
    except urllib.error.HTTPError as error:
        assert "broken" in error.url, error
"""


class Magazine:
    def __init__(self, folder: Path) -> None:
        files = [part for file in sorted(folder.glob("*.yaml")) for part in ("--file", str(file))]
        self._command = ["docker", "compose", "-p", PROJECT, "--project-directory", str(folder), *files]

    def compose(self, *arguments: str, timeout: float = 120) -> str:
        return stack.run(*self._command, *arguments, timeout=timeout)

    def up(self) -> None:
        """The visitor comes while the database is migrated, which takes most of a minute: his first visits fail."""
        self.compose("up", "--detach")

    def answers(self) -> bool:
        """Raises while it doesn't."""
        self.compose(
            "exec", "-T", "web", "python", "-m", "django_instrumentation.probe", "http://127.0.0.1:8000/readyz"
        )
        return True

    def ask(self, path: str, times: int = 1) -> None:
        """N in the path is the number of the request."""
        self.compose("exec", "-T", "web", "python", "-c", ASK, path, str(times))


@contextmanager
def running(folder: Path) -> Iterator[Magazine]:
    """Its own Compose file comes first; gone afterwards, with its data."""
    for name, text in _compose_files().items():
        (folder / name).write_text(text, encoding="utf-8")
    password = secrets.token_hex(16)
    for name in ("exporter_password", "db_password"):
        (folder / name).write_text(password, encoding="utf-8")
        (folder / name).chmod(0o644)  # the containers' users are other ones
    started = Magazine(folder)
    end_silences(OF_IT)
    try:
        started.compose("up", "--detach", "--wait", "db", "redis")
        sql = blocks(APPLICATIONS)["exporter.sql"].replace("change me", password)
        started.compose("exec", "-T", "db", "psql", "-q", "-U", "postgres", "-d", APPLICATION, "-c", sql)
        started.up()
        eventually(started.answers, "Wagtail to answer", 120)
        yield started
    finally:
        silence(TAKEN_AWAY_SECONDS, OF_IT)
        started.compose("down", "--volumes", "--timeout", "2")


def _compose_files() -> dict[str, str]:
    """By names in whose order Compose reads them."""
    documented = blocks(APPLICATIONS)
    return {
        "1-own.yaml": json.dumps(_own_file(_image())),
        "2-override.yaml": stack.run("make", "-s", "application", f"NAME={APPLICATION}"),
        "3-celery.yaml": documented["compose.celery.yaml"].replace("shop", APPLICATION),
        "4-stores.yaml": documented["compose.stores.yaml"].replace("shop", APPLICATION),
        "5-images.yaml": json.dumps({"services": _images_of_this_machine()}),
    }


def _own_file(image: str) -> dict[str, Any]:
    """What the project has without the stack."""
    program: dict[str, Any] = {
        "image": image,
        "environment": {"DATABASE_PASSWORD_FILE": "/run/secrets/db_password"},
        "secrets": ["db_password"],
        "mem_limit": "400m",
        "init": True,
    }
    database = {
        "command": "postgres -c fsync=off",  # what a crash would lose is of no worth to a test
        "environment": {"POSTGRES_DB": APPLICATION, "POSTGRES_PASSWORD_FILE": "/run/secrets/db_password"},
        "secrets": ["db_password"],
        "mem_limit": "256m",
        "healthcheck": {
            "test": ["CMD", "pg_isready", "-h", "127.0.0.1", "-U", "postgres"],
            "interval": "1s",
            "retries": 60,
        },
    }
    broker = {"command": "valkey-server --protected-mode no --maxmemory 64mb", "mem_limit": "128m"}
    services = {
        **dict.fromkeys(("web", "worker", "beat"), program),
        "migrate": {**program, "command": "python manage.py migrate -v 0"},
        "visitor": {"image": image, "command": "python /srv/visitor.py", "mem_limit": "64m", "init": True},
        "db": database,
        "redis": broker,
    }
    return {"services": services, "secrets": {"db_password": {"file": "./db_password"}}}


def _images_of_this_machine() -> dict[str, Any]:
    model = current().model["services"]
    stores = {"db": "erp-db", "redis": "erp-redis"}
    exporters = {"db-exporter": "postgres-exporter", "redis-exporter": "redis-exporter"}
    return {
        name: {"image": model[ours]["image"], "pull_policy": "missing"}
        for name, ours in {**stores, **exporters}.items()
    }


def _image() -> str:
    """Wagtail's own start project with PARTS in it, built when one of them, a pin or the package has changed."""
    base = image_source.python(current())
    with tempfile.TemporaryDirectory() as folder:
        context = Path(folder)
        copy_files(context, below=PACKAGE)
        shutil.copytree(PARTS, context, dirs_exist_ok=True)
        (context / "pins.txt").write_text(_pins(), encoding="utf-8")
        (context / "setup.py.txt").write_text(blocks()["settings.py"], encoding="utf-8")
        digest = hashlib.sha256(base.encode())
        for path in sorted(each for each in context.rglob("*") if each.is_file()):
            digest.update(f"\0{path.relative_to(context)}\0".encode() + path.read_bytes())
        reference = f"{recipes.PREFIX}/{APPLICATION}-test:{digest.hexdigest()[:12]}"
        if not images.present(reference):
            images.docker_build(reference, context, {"BASE_IMAGE": base}, log=f"{APPLICATION}-test")
    return reference


def _pins() -> str:
    """The sample's, and before them those of the take-home tests' Wagtail."""
    found: dict[str, str] = {}
    for file in ("erp_app/requirements.txt", "tests/takehome/projects/wagtail.txt"):
        pins = PIN.findall((ROOT / file).read_text(encoding="utf-8"))
        found |= {name.lower().replace("_", "-"): version for name, version in pins}
    return "".join(f"{name}=={version}\n" for name, version in found.items())
