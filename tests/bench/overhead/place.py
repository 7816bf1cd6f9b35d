"""Where the variants run: an environment and a project of their own, a throwaway PostgreSQL, and a sink."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ops.commands import current
from ops.console import run_logged, step
from ops.paths import LOGS
from tests.bench.overhead.variants import BARE, Variant
from tests.support import stack
from tests.support.ports import free_port
from tests.support.readme import PACKAGE, blocks
from tests.support.wait import eventually

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Place:
    """`sent` counts by variant what reached the sink, in bytes."""

    folder: Path
    database: dict[str, str]
    sink: str
    sent: Counter[str] = field(default_factory=Counter)

    @property
    def project(self) -> Path:
        return self.folder / "project"

    def program(self, name: str) -> str:
        return str(self.folder / "venv" / "bin" / name)

    def lines(self, variant: Variant, where: str) -> Path:
        """The file that a variant's log lines go to."""
        return self.folder / f"{where}-{variant.folder}.log"

    def variables(self, variant: Variant) -> dict[str, str]:
        """A process's whole environment: nothing of this machine's, such as a proxy, gets in."""
        return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **self.database, **variant.variables(self.sink)}


@contextmanager
def make(folder: Path) -> Iterator[Place]:
    """Everything that the variants need, below `folder`; the database is gone afterwards."""
    with step("Making the benchmark's virtual environment"):
        _make_environment(folder)
    _make_project(folder)
    with _postgres(folder) as database, _sink() as (sink, sent):
        place = Place(folder, database, sink, sent)
        with step("Filling the database"):
            _fill(place)
        yield place


def _make_environment(folder: Path) -> None:
    run_logged([sys.executable, "-m", "venv", str(folder / "venv")], log=LOGS / "bench.log", title="python -m venv")
    pip = [str(folder / "venv" / "bin" / "pip"), "install", "--no-deps"]
    locked = ["--require-hashes", "-r", str(HERE / "requirements.txt")]
    run_logged([*pip, *locked], log=LOGS / "bench.log", title="pip install")
    # The README's first step, but for the dependencies, which are locked.
    run_logged([*pip, "--no-build-isolation", str(PACKAGE)], log=LOGS / "bench.log", title="pip install of the package")


def _make_project(folder: Path) -> None:
    """project/ beside what django-admin makes, with the README's fenced blocks put in where it says so."""
    project = folder / "project"
    shutil.copytree(HERE / "project", project)
    start = [str(folder / "venv" / "bin" / "django-admin"), "startproject", "plain", str(project)]
    run_logged(start, log=LOGS / "bench.log", title="django-admin startproject")
    ours = {
        "ours.py": "from bare import *\n{settings.py}"
        'DATABASES["default"]["ENGINE"] = "django_prometheus.db.backends.postgresql"\nROOT_URLCONF = "ours_urls"\n',
        "ours_urls.py": "from shop.urls import urlpatterns\n{urls.py}",
        "ours_gunicorn.py": "{gunicorn.conf.py}",
    }
    for name, text in ours.items():
        for block, body in blocks().items():
            text = text.replace(f"{{{block}}}", body)
        (project / name).write_text(text, encoding="utf-8")


@contextmanager
def _postgres(folder: Path) -> Iterator[dict[str, str]]:
    """The stack's own PostgreSQL image in a container of this run; yields the variables that lead to it."""
    image = current().model["services"]["erp-db"]["image"]
    name, port, password = f"overhead-bench-{os.getpid()}", free_port(), secrets.token_hex(16)
    file = folder / "postgres_password"
    file.write_text(password, encoding="utf-8")
    file.chmod(0o644)  # the container's user is another one; the folder lets no other in
    command = ["docker", "run", "--rm", "--detach", "--name", name, "--publish", f"127.0.0.1:{port}:5432"]
    command += ["--volume", f"{file}:/run/secrets/postgres_password:ro", "--memory", "512m", "--pids-limit", "200"]
    command += ["--env", "POSTGRES_PASSWORD_FILE=/run/secrets/postgres_password", image]
    try:
        with step("Starting PostgreSQL"):
            stack.run(*command, "postgres", "-c", "shared_buffers=64MB", timeout=600)
            ready = ("docker", "exec", name, "pg_isready", "-h", "127.0.0.1", "-U", "postgres")
            eventually(lambda: stack.run(*ready), "PostgreSQL to answer", 60)
        yield {"DATABASE_PORT": str(port), "DATABASE_PASSWORD": password}
    finally:
        subprocess.run(["docker", "rm", "--force", "--volumes", name], check=False, capture_output=True)


@contextmanager
def _sink() -> Iterator[tuple[str, Counter[str]]]:
    """A server that takes error events and spans alike; the first part of the path says who sent them."""
    sent: Counter[str] = Counter()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            sent[self.path.split("/")[1]] += len(body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}", sent
    finally:
        server.shutdown()
        server.server_close()


def _fill(place: Place) -> None:
    command = [place.program("python"), "fill.py"]
    subprocess.run(command, cwd=place.project, env=place.variables(BARE), check=True, timeout=120)
