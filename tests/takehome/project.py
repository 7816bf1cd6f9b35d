"""A project that isn't ours: installed, put in order and run as the fenced blocks of the package's README say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jsonschema
import requests

from docs.reference.pages import SCHEMA
from tests.support import stack
from tests.support.ports import free_port
from tests.support.readme import PACKAGE, blocks
from tests.support.repository import copy_files
from tests.support.wait import eventually

TOKEN = "take-home-token-0123456789"
CHECKED = "System check identified no issues (0 silenced)."


class Project:
    """The project running under gunicorn; `log` is what it wrote."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes], url: str) -> None:
        self.log = folder / "lines.log"
        self.process = process
        self.url = url

    def get(self, path: str, **headers: str) -> requests.Response:
        return requests.get(f"{self.url}{path}", headers={"Connection": "close", **headers}, timeout=10)

    def post(self, path: str, body: bytes) -> requests.Response:
        return requests.post(f"{self.url}{path}", body, headers={"Connection": "close"}, timeout=10)

    def metrics(self, **headers: str) -> str:
        answer = self.get("/metrics", Authorization=f"Bearer {TOKEN}", **headers)
        answer.raise_for_status()
        return answer.text

    def lines(self, **fields: object) -> list[dict[str, Any]]:
        """All with these fields, but for the one of `manage.py check`."""
        written = self.log.read_text(encoding="utf-8").splitlines()
        lines = [json.loads(line) for line in written if line != CHECKED]
        return [line for line in lines if fields.items() <= line.items()]

    def against_the_schema(self) -> list[str]:
        """What of its lines isn't as the schema says."""
        validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
        return [error.message for line in self.lines() for error in validator.iter_errors(line)]

    def workers(self) -> list[int]:
        """The oldest first."""
        master = self.process.pid
        return sorted(map(int, Path(f"/proc/{master}/task/{master}/children").read_text("ascii").split()))


def install(folder: Path, pins: str, *commands: str) -> dict[str, str]:
    """An environment of its own with the package in it (step 1), and the variables that lead to it."""
    checkout = folder / "checkout"
    copy_files(checkout, below=PACKAGE)
    (folder / "pins.txt").write_text(pins, encoding="utf-8")
    stack.run(sys.executable, "-m", "venv", str(folder / "venv"))
    variables = {
        **os.environ,
        "PATH": f"{folder / 'venv' / 'bin'}:{os.environ['PATH']}",
        "PIP_CONSTRAINT": str(folder / "pins.txt"),
        "PIP_BUILD_CONSTRAINT": os.devnull,
    }
    for command in (*commands, blocks()["install"]):
        shell(command, checkout, variables)
    return variables


def set_up(source: Path, settings: Path, urls: Path, own_urls: str) -> None:
    """The blocks that the README has for these files, and the project's own routes after its others."""
    found = blocks()
    for file, more in ((settings, found["settings.py"]), (urls, found.get("urls.py", "") + own_urls)):
        with file.open("a", encoding="utf-8") as sink:
            sink.write("\n" + more)
    if "gunicorn.conf.py" in found:
        (source / "gunicorn.conf.py").write_text(found["gunicorn.conf.py"], encoding="utf-8")


@contextmanager
def running(source: Path, folder: Path, environment: dict[str, str], dsn: str) -> Iterator[Project]:
    """The README's own start command, with this machine's secrets, folder and port, and three workers."""
    (folder / "token").write_text(TOKEN, encoding="utf-8")
    (folder / "dsn").write_text(dsn, encoding="utf-8")
    port = free_port()
    command = (
        blocks()["run"]
        .replace("/run/secrets/metrics_token", str(folder / "token"))
        .replace("/run/secrets/sentry_dsn", str(folder / "dsn"))
        .replace("/run/shop-metrics", str(folder / "metrics"))
        .replace("127.0.0.1:8000", f"127.0.0.1:{port}")
        .replace("gunicorn -c", "exec gunicorn -c")
    )
    variables = {**environment, "WEB_CONCURRENCY": "3"}
    with (folder / "lines.log").open("wb") as sink:
        process = subprocess.Popen(["bash", "-ec", command], cwd=source, env=variables, stdout=sink, stderr=sink)
    started = Project(folder, process, f"http://127.0.0.1:{port}")
    try:
        eventually(lambda: started.get("/livez").ok, f"gunicorn to answer; {started.log} says why not", 30)
        yield started
    finally:
        process.terminate()
        process.wait(timeout=40)


def shell(command: str, cwd: Path, env: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-ec", command], cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr
