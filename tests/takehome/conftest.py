"""The project of `django-admin startproject`, at the versions that the sample pins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.paths import ROOT
from tests.support import stack
from tests.takehome.project import Project, install, running, set_up, shell

PIN = re.compile(r"^(\S+==\S+)", re.MULTILINE)
OWN_VIEWS = """
from django.http import HttpResponse
from django.urls import path


def hello(request):
    return HttpResponse("hello")


def broken(request):
    raise RuntimeError("broken on purpose")


urlpatterns += [path("hello", hello, name="hello"), path("broken", broken, name="broken")]
"""


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("takehome")


@pytest.fixture(scope="session")
def environment(folder: Path) -> dict[str, str]:
    pins = PIN.findall((ROOT / "erp_app" / "requirements.txt").read_text(encoding="utf-8"))
    return install(folder, "\n".join(pins))


@pytest.fixture(scope="session")
def source(folder: Path, environment: dict[str, str]) -> Path:
    """The project after the README's steps, with two views of its own."""
    shell("django-admin startproject shop", folder, environment)
    project = folder / "shop"
    settings = project / "shop" / "settings.py"
    text = settings.read_text(encoding="utf-8").replace("DEBUG = True", "DEBUG = False")
    settings.write_text(text.replace("ALLOWED_HOSTS = []", 'ALLOWED_HOSTS = ["127.0.0.1"]'), encoding="utf-8")
    set_up(project, settings, project / "shop" / "urls.py", OWN_VIEWS)
    return project


@pytest.fixture(scope="session")
def project(source: Path, folder: Path, environment: dict[str, str]) -> Iterator[Project]:
    stack.ensure_up()
    dsn = stack.secret("sentry_dsn").replace("@bugsink:8000", "@" + stack.url("bugsink").removeprefix("http://"))
    with running(source, folder, environment, dsn) as started:
        yield started
