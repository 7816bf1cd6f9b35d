"""What the tests of Alertmanager's configuration share: the real amtool, and secrets to render from."""

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from alertmanager.render import render

TEMPLATES = Path(__file__).parents[1] / "templates"
SECRETS = {
    "slack_webhook_url": "http://inbox:8095/slack/T0/B0/x",
    "pagerduty_routing_key": "0123456789abcdef0123456789abcdef",
    "smtp_password": "sandbox",
    "heartbeat_url": "http://inbox:8095/heartbeat",
}
BASES = {
    "BASE_URL_GRAFANA": "http://grafana.example:3000",
    "BASE_URL_ALERTMANAGER": "http://alertmanager.example:9093/",
    "BASE_URL_RUNBOOKS": "http://runbooks.example",
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
    """Renders with the given environment on top of the sandbox's, and answers with the file."""

    def run(environ: Mapping[str, str] | None = None) -> Path:
        output = tmp_path / "rendered"
        output.mkdir(exist_ok=True)
        render(BASES | dict(environ or {}), secrets, TEMPLATES, output)
        return output / "alertmanager.yml"

    return run


@pytest.fixture
def text(amtool: Callable[..., str], rendered: Callable[..., Path], tmp_path: Path) -> Callable[..., str]:
    """Renders one of our templates for the given notification, as Alertmanager would."""

    def run(template: str, data: Mapping[str, object], kind: str = "text") -> str:
        base = rendered().parent / "base.tmpl"
        alert = tmp_path / "data.json"
        alert.write_text(json.dumps(data), encoding="utf-8")
        return amtool(
            "template",
            "render",
            f"--template.glob={TEMPLATES}/*.tmpl",
            f"--template.glob={base}",
            f"--template.data={alert}",
            f"--template.type={kind}",
            f'--template.text={{{{ template "{template}" . }}}}',
        )

    return run
