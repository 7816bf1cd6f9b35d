"""With each combination of channels, Alertmanager takes the configuration and notifies by the channels that are on."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from alertmanager.render import SOURCE

CHANNELS = {"slack": "slack_webhook_url", "pagerduty": "pagerduty_routing_key", "email": "smtp_password"}
SHOWN = {f"{channel}_configs": channel for channel in CHANNELS}
EMPTIES = {"slack": "", "pagerduty": "\n", "email": " \t\r\n"}
# (severity, team): the receiver, whatever the alert
POLICY = {
    **{("critical", team): "critical" for team in ("app", "infra", "business")},
    **{("warning", team): "warning" for team in ("app", "infra")},
    ("warning", "business"): "business",
    **{("info", team): "none" for team in ("app", "infra", "business")},
}


def load(path: Path) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return config


def channels_of(config: dict[str, Any], receiver: str) -> set[str]:
    found = next(r for r in config["receivers"] if r["name"] == receiver)
    return {SHOWN[kind] for kind in found if kind in SHOWN}


def test_file_is_valid_as_it_lies(amtool: Callable[..., str]) -> None:
    assert "SUCCESS" in amtool("check-config", str(SOURCE / "alertmanager.yml"))


def test_sandbox_gets_the_files_as_they_lie(rendered: Callable[..., Path]) -> None:
    written = rendered()
    paths = [path.relative_to(SOURCE) for path in (SOURCE / "alertmanager.yml", *SOURCE.glob("templates/*"))]
    assert len(paths) > 1
    for path in paths:
        assert (written.parent / path).read_text("utf-8") == (SOURCE / path).read_text("utf-8")


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


def test_heartbeat_off_leaves_the_watchdog_without_a_channel(
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
    written = rendered({"SMTP_USERNAME": "erp", "SMTP_REQUIRE_TLS": "true"})
    text = "".join(path.read_text(encoding="utf-8") for path in written.parent.rglob("*.*"))
    assert not [name for name, value in values.items() if value in text]
    assert 'auth_username: "erp"' in text


def test_settings_take_the_place_of_the_sandbox_values(
    secrets: Path, rendered: Callable[..., Path], amtool: Callable[..., str]
) -> None:
    (secrets / "slack_webhook_url").write_text("https://chat.example/services/T0", encoding="utf-8")
    given = {
        "ENV": "production",
        "SMTP_SMARTHOST": "mail.example:587",
        "SMTP_FROM": "ERP Alerts <alerts@erp.example>",
        "SMTP_USERNAME": 'ERP\\"alerts"',
        "SMTP_REQUIRE_TLS": "true",
        "ALERT_EMAIL_TO": "oncall@erp.example, Jürgen B. <boss+erp@erp.example>",
        "PAGERDUTY_URL": "https://events.pagerduty.example/v2/enqueue",
        "BUSINESS_TIMEZONE": "Europe/Berlin",
    }
    path = rendered(given)
    amtool("check-config", str(path))
    config = load(path)
    (critical,) = [each for each in config["receivers"] if each["name"] == "critical"]
    (email,), (pagerduty,) = critical["email_configs"], critical["pagerduty_configs"]
    assert pagerduty["url"] == given["PAGERDUTY_URL"]
    assert config["time_intervals"][0]["time_intervals"][0]["location"] == "Europe/Berlin"
    names = {
        "smarthost": "SMTP_SMARTHOST",
        "from": "SMTP_FROM",
        "to": "ALERT_EMAIL_TO",
        "auth_username": "SMTP_USERNAME",
    }
    assert {key: email[key] for key in names} == {key: given[name] for key, name in names.items()}
    assert email["require_tls"] is True


def test_template_that_was_deleted_is_deleted_for_alertmanager_too(rendered: Callable[..., Path]) -> None:
    old = rendered().parent / "templates" / "old.tmpl"
    old.write_text("", encoding="utf-8")
    rendered()
    assert not old.exists()
