"""What the tests of Alertmanager's configuration share: the real amtool, and secrets to render from."""

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from alertmanager.render import render
from ops.settings import defaults

SANDBOX = defaults() | {"BASE_URL_TRACKER": "http://localhost:8090"}
SECRETS = {
    "slack_webhook_url": "http://inbox:8095/slack/T0/B0/x",
    "pagerduty_routing_key": "0123456789abcdef0123456789abcdef",
    "smtp_password": "sandbox",
    "heartbeat_url": "http://inbox:8095/heartbeat",
}


@pytest.fixture(scope="session")
def amtool() -> Callable[..., str]:
    program = os.environ.get("AMTOOL", "")
    if not program:
        pytest.fail("AMTOOL is not set; expected the absolute path of amtool. Run the tests by make test.")

    def run(*arguments: str) -> str:
        done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir()
    for name, value in SECRETS.items():
        (folder / name).write_text(f"{value}\n", encoding="utf-8")
    return folder


@pytest.fixture
def rendered(secrets: Path, tmp_path: Path) -> Callable[..., Path]:
    """Renders with the given environment on top of the sandbox's; returns the path of alertmanager.yml."""

    def run(environ: Mapping[str, str] | None = None, routing: Mapping[str, object] | None = None) -> Path:
        output = tmp_path / "rendered"
        output.mkdir(exist_ok=True)
        own = tmp_path / "routing.json"
        own.write_text(json.dumps(dict(routing or {})), encoding="utf-8")
        render(SANDBOX | dict(environ or {}), secrets, output, own)
        return output / "alertmanager.yml"

    return run
