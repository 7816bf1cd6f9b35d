"""A Compose project that isn't ours: a small Django project, monitored by what `make application` prints."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support import stack
from tests.support.alertmanager import TAKEN_AWAY_SECONDS, silence

PROJECT = "shop-of-a-user"
APPLICATION, ENV, SERVICE = "shop", "production", "web"
WSGI_MODULE = "shop.wsgi"
SETTINGS = """
import logging
import time
import django_instrumentation
from django.http import HttpResponse
from django.urls import path

SECRET_KEY = "x"
ROOT_URLCONF = "shop.settings"
ALLOWED_HOSTS = ["shop.example"]


def planted_hot_function():
    until = time.monotonic() + 0.05
    while time.monotonic() < until:
        pass


def page(request, name):
    if name.startswith("broken"):
        raise RuntimeError(name)
    if name.startswith("hot"):
        planted_hot_function()
    logging.getLogger("shop").info("shown %s", name)
    return HttpResponse(name)


urlpatterns = [path("pages/<name>", page)]
django_instrumentation.setup(globals())
"""
WSGI = """
from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
"""
ASK = """
import sys, urllib.error, urllib.request
for number in range(int(sys.argv[2])):
    address = f"http://127.0.0.1:8000/pages/{sys.argv[1]}-{number}"
    try:
        urllib.request.urlopen(urllib.request.Request(address, headers={"Host": "shop.example"}), timeout=10).close()
    except urllib.error.HTTPError as error:
        assert "broken" in address, error
"""


class OwnApplication:
    def __init__(self, folder: Path, project: str) -> None:
        self._command = ["docker", "compose", "-p", project, "--project-directory", str(folder)]

    def compose(self, *arguments: str) -> str:
        return stack.run(*self._command, *arguments, timeout=120)

    def answers(self) -> bool:
        """Raises while it doesn't."""
        self.compose(
            "exec", "-T", SERVICE, "python", "-m", "django_instrumentation.probe", "http://127.0.0.1:8000/livez"
        )
        return True

    def ask(self, marker: str, times: int) -> None:
        self.compose("exec", "-T", SERVICE, "python", "-c", ASK, marker, str(times))


@contextmanager
def running(folder: Path) -> Iterator[OwnApplication]:
    """The project beside what `make application` prints, seen by the stack."""
    with beside(folder, stack.run("make", "-s", "application", f"NAME={APPLICATION}"), PROJECT) as started:
        try:
            yield started
        finally:
            silence(TAKEN_AWAY_SECONDS, f'application="{APPLICATION}"')


@contextmanager
def beside(folder: Path, lines: str, name: str) -> Iterator[OwnApplication]:
    """A project of two modules and a Compose file with its image, beside the lines that have it monitored."""
    model = json.loads(stack.compose("config", "--format", "json"))
    project = folder / "shop"
    project.mkdir()
    for module, text in (("__init__", ""), ("settings", SETTINGS), ("wsgi", WSGI)):
        (project / f"{module}.py").write_text(text, encoding="utf-8")
    program = {
        "image": model["services"]["erp-web"]["image"],
        "working_dir": "/srv",
        "environment": {"DJANGO_SETTINGS_MODULE": "shop.settings", "PYTHONPATH": "/srv"},
        "volumes": [f"{project}:/srv/shop:ro"],
        "mem_limit": "256m",
    }
    (folder / "compose.yaml").write_text(json.dumps({"services": {SERVICE: program}}), encoding="utf-8")
    (folder / "compose.override.yaml").write_text(lines, encoding="utf-8")
    started = OwnApplication(folder, name)
    try:
        started.compose("up", "--detach")
        yield started
    finally:
        started.compose("down", "--volumes", "--timeout", "2")
