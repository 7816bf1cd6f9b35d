"""`make kubernetes OUT=folder`: the objects for somebody's own cluster, and what it refuses."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from ops.paths import ROOT

PRODUCTION = {
    "ENV": "production",
    "SAMPLE": "on",
    "GATEWAY": "off",
    "BIND": "127.0.0.1",
    "PAYMENT_API_URL": "https://payment.example",
    "SHIPPING_API_URL": "https://shipping.example",
    "SENTRY_DSN": "https://key@tracker.example/1",
    "SMTP_SMARTHOST": "",
    "ALERT_EMAIL_TO": "",
    "SMTP_FROM": "",
    "PAGERDUTY_URL": "https://events.pagerduty.com/v2/enqueue",
    "BASE_URL_PROMETHEUS": "https://prometheus.example",
}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """With a folder of secrets in which Slack alone is on."""
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name, value in (("slack_webhook_url", "https://chat.example/hook\n"), ("tracker_webhook_url", "")):
        (secrets / name).write_text(value, encoding="utf-8")
        (secrets / name).chmod(0o444)
    return {**os.environ, **PRODUCTION, "SECRETS_DIR": str(secrets)}


def build(folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deploy.kubernetes.build", str(folder)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100, check=False)


def test_ones_own_objects_have_ones_own_settings(environment: dict[str, str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = build(out, environment)
    assert done.returncode == 0, done.stderr
    folders = ["erp", "monitoring", "operator", "tracker", "values"]
    assert sorted(path.name for path in out.iterdir() if path.is_dir()) == folders
    web = (out / "erp" / "erp-web.yaml").read_text(encoding="utf-8")
    assert "PAYMENT_API_URL: https://payment.example" in web
    assert "observability.env: production" in web
    assert "sandbox" not in web
    prometheus = yaml.safe_load((out / "values" / "kube-prometheus-stack.yaml").read_text())["prometheus"]
    assert prometheus["prometheusSpec"]["externalLabels"] == {"env": "production"}
    assert prometheus["prometheusSpec"]["externalUrl"] == "https://prometheus.example"
    [secret] = yaml.safe_load_all((out / "monitoring" / "alertmanager.yaml").read_text())
    receivers = yaml.safe_load(secret["stringData"]["alertmanager.yaml"])["receivers"]
    assert {kind for each in receivers for kind in each} == {"name", "slack_configs"}
    everything = "".join(path.read_text(encoding="utf-8") for path in out.rglob("*.yaml"))
    assert "chat.example" not in everything
    passwords = [path.read_text("utf-8").strip() for path in (tmp_path / "secrets").glob("*_password")]
    assert [each for each in passwords if each and each in everything] == []


def test_files_of_other_hands_are_left_alone(environment: dict[str, str], tmp_path: Path) -> None:
    mine = tmp_path / "out" / "mine.yaml"
    mine.parent.mkdir()
    mine.write_text("kind: Deployment\n", encoding="utf-8")
    done = build(mine.parent, environment)
    assert done.returncode == 1
    assert "mine.yaml" in done.stderr
    assert [path.name for path in mine.parent.rglob("*")] == ["mine.yaml"]


def test_the_checkout_is_no_place_for_ones_own(environment: dict[str, str]) -> None:
    done = build(ROOT / "deploy" / "mine", environment)
    assert done.returncode == 1
    assert "expected a folder outside" in done.stderr
    assert not (ROOT / "deploy" / "mine").exists()


def test_what_alertmanager_would_refuse_is_refused(environment: dict[str, str], tmp_path: Path) -> None:
    done = build(tmp_path / "out", environment | {"PAGERDUTY_URL": "http://inbox:8095/v2/enqueue"})
    assert done.returncode == 1
    assert "PAGERDUTY_URL" in done.stderr
    assert not (tmp_path / "out").exists()
