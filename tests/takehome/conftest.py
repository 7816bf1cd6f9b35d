"""A project that isn't ours, made by django-admin and the README's three steps as its fenced blocks say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from ops.paths import ROOT
from tests.support import stack
from tests.support.ports import free_port
from tests.support.readme import PACKAGE, blocks
from tests.support.repository import copy_files
from tests.support.wait import eventually

PIN = re.compile(r"^(\S+==\S+)", re.MULTILINE)
TOKEN = "take-home-token-0123456789"
OWN_VIEWS = """
from django.http import HttpResponse


def hello(request):
    return HttpResponse("hello")


def broken(request):
    raise RuntimeError("broken on purpose")


urlpatterns += [path("hello", hello, name="hello"), path("broken", broken, name="broken")]
"""


class Project:
    """The project running under gunicorn; `log` is what it wrote."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes], url: str) -> None:
        self.log = folder / "lines.log"
        self.process = process
        self.url = url

    def get(self, path: str, **headers: str) -> requests.Response:
        return requests.get(f"{self.url}{path}", headers={"Connection": "close", **headers}, timeout=10)

    def metrics(self) -> str:
        answer = self.get("/metrics", Authorization=f"Bearer {TOKEN}")
        answer.raise_for_status()
        return answer.text

    def lines(self) -> list[str]:
        return self.log.read_text(encoding="utf-8").splitlines()


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("takehome")


@pytest.fixture(scope="session")
def environment(folder: Path) -> dict[str, str]:
    """An environment of its own with the package in it: step 1, at the versions that the sample pins."""
    checkout = folder / "checkout"
    copy_files(checkout, below=PACKAGE)
    pins = PIN.findall((ROOT / "erp_app" / "requirements.txt").read_text(encoding="utf-8"))
    (folder / "pins.txt").write_text("\n".join(pins), encoding="utf-8")
    stack.run(sys.executable, "-m", "venv", str(folder / "venv"))
    variables = {
        **os.environ,
        "PATH": f"{folder / 'venv' / 'bin'}:{os.environ['PATH']}",
        "PIP_CONSTRAINT": str(folder / "pins.txt"),
        "PIP_BUILD_CONSTRAINT": os.devnull,
    }
    shell(blocks()["install"], checkout, variables)
    return variables


@pytest.fixture(scope="session")
def source(folder: Path, environment: dict[str, str]) -> Path:
    """The project after steps 2 and 3, with two views of its own."""
    shell("django-admin startproject shop", folder, environment)
    project = folder / "shop"
    for name, target in {"settings.py": "shop/settings.py", "urls.py": "shop/urls.py"}.items():
        with (project / target).open("a", encoding="utf-8") as sink:
            sink.write("\n" + blocks()[name] + (OWN_VIEWS if name == "urls.py" else ""))
    settings = project / "shop" / "settings.py"
    text = settings.read_text(encoding="utf-8").replace("DEBUG = True", "DEBUG = False")
    settings.write_text(text.replace("ALLOWED_HOSTS = []", 'ALLOWED_HOSTS = ["127.0.0.1"]'), encoding="utf-8")
    (project / "gunicorn.conf.py").write_text(blocks()["gunicorn.conf.py"], encoding="utf-8")
    return project


@pytest.fixture(scope="session")
def project(source: Path, folder: Path, environment: dict[str, str]) -> Iterator[Project]:
    """The README's own start command, with this machine's secrets, folder and port."""
    stack.ensure_up()
    (folder / "token").write_text(TOKEN, encoding="utf-8")
    dsn = stack.secret("sentry_dsn").replace("@bugsink:8000", "@" + stack.url("bugsink").removeprefix("http://"))
    (folder / "dsn").write_text(dsn, encoding="utf-8")
    port = free_port()
    command = (
        blocks()["run"]
        .replace("/run/secrets/metrics_token", str(folder / "token"))
        .replace("/run/secrets/sentry_dsn", str(folder / "dsn"))
        .replace("/tmp/metrics", str(folder / "metrics"))  # noqa: S108 - the README's example
        .replace("127.0.0.1:8000", f"127.0.0.1:{port}")
        .replace("gunicorn -c", "exec gunicorn -c")
    )
    with (folder / "lines.log").open("wb") as sink:
        process = subprocess.Popen(["bash", "-ec", command], cwd=source, env=environment, stdout=sink, stderr=sink)
    started = Project(folder, process, f"http://127.0.0.1:{port}")
    try:
        eventually(lambda: started.get("/livez").ok, f"gunicorn to answer; {started.lines()[-5:]}", 30)
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
