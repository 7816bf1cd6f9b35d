"""Each combination of channels gives a configuration that Alertmanager takes and that pages those."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CHANNELS = {"slack": "slack_webhook_url", "pagerduty": "pagerduty_routing_key", "email": "smtp_password"}
SHOWN = {"slack_configs": "slack", "pagerduty_configs": "pagerduty", "email_configs": "email"}
EMPTIES = {"slack": "", "pagerduty": "\n", "email": " \t\r\n"}
# (severity, team): the receiver, whatever the alert
POLICY = {
    ("critical", "app"): "critical",
    ("critical", "infra"): "critical",
    ("critical", "business"): "critical",
    ("warning", "app"): "warning",
    ("warning", "infra"): "warning",
    ("warning", "business"): "business",
    ("info", "app"): "none",
    ("info", "infra"): "none",
    ("info", "business"): "none",
}


def load(path: Path) -> dict[str, Any]:
    lines = path.read_text(encoding="utf-8").splitlines()
    config: dict[str, Any] = json.loads("\n".join(line for line in lines if not line.startswith("#")))
    return config


def channels_of(config: dict[str, Any], receiver: str) -> set[str]:
    found = next(r for r in config["receivers"] if r["name"] == receiver)
    return {SHOWN[kind] for kind in found if kind in SHOWN}


@pytest.mark.parametrize(
    "on",
    [set(on) for size in range(4) for on in itertools.combinations(CHANNELS, size)],
    ids=lambda on: "+".join(sorted(on)) or "none",
)
def test_channels_on_are_the_ones_notified(
    on: set[str], secrets: Path, rendered: Callable[..., Path], amtool: Callable[..., str]
) -> None:
    for channel in CHANNELS.keys() - on:
        (secrets / CHANNELS[channel]).write_text(EMPTIES[channel], encoding="utf-8")
    path = rendered()
    config = load(path)
    assert "SUCCESS" in amtool("check-config", str(path))
    assert channels_of(config, "critical") == on
    assert channels_of(config, "business") == {"email", "slack"} & on
    assert channels_of(config, "warning") == ({"slack"} & on or {"email"} & on)
    assert channels_of(config, "none") == set()
    assert {channel for channel in CHANNELS if channels_of(config, f"test-{channel}") == {channel}} == on
    for (severity, team), receiver in POLICY.items():
        labels = ["alertname=ErpAny", f"severity={severity}", f"team={team}"]
        amtool("config", "routes", "test", f"--config.file={path}", f"--verify.receivers={receiver}", *labels)


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (["alertname=ErpInstanceDown", "severity=critical", "service=erp-web"], "critical"),
        (["alertname=ErpExternalApiDown", "severity=critical", "service=payment"], "critical"),
        (["alertname=ErpExternalApiDown", "severity=warning", "service=shipping"], "warning"),
        (["alertname=Something", "severity=info"], "none"),
        (["alertname=Watchdog", "severity=none"], "heartbeat"),
        *(
            (["alertname=ChannelTest", f"test_channel={channel}", "severity=info"], f"test-{channel}")
            for channel in CHANNELS
        ),
        (["alertname=Unlabelled"], "warning"),
    ],
)
def test_alert_routes_to_its_receiver(
    labels: list[str], receiver: str, rendered: Callable[..., Path], amtool: Callable[..., str]
) -> None:
    amtool("config", "routes", "test", f"--config.file={rendered()}", f"--verify.receivers={receiver}", *labels)


def test_heartbeat_off_leaves_the_watchdog_without_a_receiver(
    secrets: Path, rendered: Callable[..., Path], amtool: Callable[..., str]
) -> None:
    (secrets / "heartbeat_url").write_text("", encoding="utf-8")
    path = rendered()
    amtool("check-config", str(path))
    assert {"name": "heartbeat"} in load(path)["receivers"]


def test_no_secret_is_written_into_the_configuration(secrets: Path, rendered: Callable[..., Path]) -> None:
    values = {
        "slack_webhook_url": "https://chat.example/services/q7Zx",
        "pagerduty_routing_key": "k9Zq7",
        "smtp_password": "pw-Zq8",
        "heartbeat_url": "https://beats.example/q6Zx",
    }
    for name, value in values.items():
        (secrets / name).write_text(value, encoding="utf-8")
    folder = rendered({"SMTP_USERNAME": "erp", "SMTP_REQUIRE_TLS": "true"}).parent
    written = "".join(path.read_text(encoding="utf-8") for path in folder.iterdir())
    assert not [name for name, value in values.items() if value in written]
    assert f'"auth_password_file": "{secrets}/smtp_password"' in written


def test_outside_the_sandbox_pagerduty_is_asked_at_its_own_address(
    secrets: Path, rendered: Callable[..., Path], amtool: Callable[..., str]
) -> None:
    (secrets / "slack_webhook_url").write_text("https://chat.example/services/T0", encoding="utf-8")
    path = rendered(
        {
            "ENV": "production",
            "SMTP_SMARTHOST": "mail.example:587",
            "SMTP_FROM": "alerts@erp.example",
            "ALERT_EMAIL_TO": "oncall@erp.example, boss@erp.example",
        }
    )
    amtool("check-config", str(path))
    critical = load(path)["receivers"][0]
    assert "url" not in critical["pagerduty_configs"][0]
    assert critical["email_configs"][0]["require_tls"] is True
