"""A Compose project that isn't ours: a Django project of one module, monitored by the lines of docs/applications.md."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ops.paths import ROOT
from tests.support import stack
from tests.support.alertmanager import TAKEN_AWAY_SECONDS, silence

PROJECT = "shop-of-a-user"
APPLICATION, ENV, SERVICE = "shop", "production", "web"
FENCED = r"^ *```yaml {}\n(.*?)^ *```"
MODULE = """
import logging
import django_o11y
from django.http import HttpResponse
from django.urls import path

SECRET_KEY = "x"
ROOT_URLCONF = "shop"
ALLOWED_HOSTS = ["shop.example"]


def page(request, name):
    if name.startswith("broken"):
        raise RuntimeError(name)
    logging.getLogger("shop").info("shown %s", name)
    return HttpResponse(name)


urlpatterns = [path("pages/<name>", page)]
django_o11y.setup(globals())
"""
START = "gunicorn -c python:django_o11y.gunicorn -w 2 -b 0.0.0.0:8000 django.core.wsgi:get_wsgi_application()"
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
    def __init__(self, folder: Path, files: list[Path]) -> None:
        named = [argument for file in files for argument in ("-f", str(file))]
        self._command = ["docker", "compose", "-p", PROJECT, "--project-directory", str(folder), *named]

    def compose(self, *arguments: str) -> str:
        return stack.run(*self._command, *arguments, timeout=120)

    def answers(self) -> bool:
        """Raises while it doesn't."""
        self.compose("exec", "-T", SERVICE, "python", "-m", "django_o11y.probe", "http://127.0.0.1:8000/livez")
        return True

    def ask(self, marker: str, times: int) -> None:
        self.compose("exec", "-T", SERVICE, "python", "-c", ASK, marker, str(times))


def documented(name: str = "compose.yaml") -> str:
    """The fenced Compose file of that name."""
    text = (ROOT / "docs" / "applications.md").read_text(encoding="utf-8")
    found = re.search(FENCED.format(re.escape(name)), text, re.MULTILINE | re.DOTALL)
    if not found:
        raise LookupError(f"Expected a block ```yaml {name} in docs/applications.md, found none.")
    return "".join(line.removeprefix("   ") + "\n" for line in found[1].splitlines())


@contextmanager
def running(folder: Path) -> Iterator[OwnApplication]:
    """Started from the two documented files; what belongs to a program of one's own is added: its image and module."""
    model = json.loads(stack.compose("config", "--format", "json"))
    secrets = Path(model["secrets"]["metrics_token"]["file"]).parent
    (folder / "shop.py").write_text(MODULE, encoding="utf-8")
    (folder / "compose.yaml").write_text(documented(), encoding="utf-8")
    override = documented("compose.override.yaml").replace("/srv/monitoring/secrets", str(secrets))
    (folder / "compose.override.yaml").write_text(override, encoding="utf-8")
    program = {
        "image": model["services"]["erp-web"]["image"],
        "command": START.split(),
        "working_dir": "/srv",
        "environment": {"DJANGO_SETTINGS_MODULE": "shop", "PYTHONPATH": "/srv"},
        "volumes": [f"{folder}/shop.py:/srv/shop.py:ro"],
        "mem_limit": "256m",
    }
    (folder / "program.yaml").write_text(json.dumps({"services": {SERVICE: program}}), encoding="utf-8")
    names = ("compose.yaml", "compose.override.yaml", "program.yaml")
    started = OwnApplication(folder, [folder / name for name in names])
    try:
        started.compose("up", "--detach")
        yield started
    finally:
        silence(TAKEN_AWAY_SECONDS, f'application="{APPLICATION}"')
        started.compose("down", "--volumes", "--timeout", "2")
