"""An application with channels of its own: its alerts go there and nowhere else, all other alerts where they went."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alertmanager.checks import RefusedError
from alertmanager.tests.test_channels import POLICY, load
from alertmanager.tests.test_routes import ALERTS

ALL = {"slack": True, "pagerduty": True, "email": "shop@shop.example"}
OWN = {
    "slack_configs": ("api_url_file", "/run/secrets/applications/shop_slack_webhook_url"),
    "pagerduty_configs": ("routing_key_file", "/run/secrets/applications/shop_pagerduty_routing_key"),
    "email_configs": ("to", "shop@shop.example"),
}
DEFAULT = {
    "slack_configs": "/run/secrets/slack_webhook_url",
    "pagerduty_configs": "/run/secrets/pagerduty_routing_key",
    "email_configs": "oncall@erp.example",
}
Rendered = Callable[..., Path]
Amtool = Callable[..., str]


@pytest.fixture
def own_secrets(secrets: Path) -> Path:
    folder = secrets / "applications"
    folder.mkdir()
    (folder / "shop_slack_webhook_url").write_text("http://inbox:8095/slack/shop\n", encoding="utf-8")
    (folder / "shop_pagerduty_routing_key").write_text("shop0000000000000000000000000000\n", encoding="utf-8")
    return folder


def receiver(path: Path, name: str) -> dict[str, Any]:
    (found,) = [each for each in load(path)["receivers"] if each["name"] == name]
    return dict(found)


def told(path: Path, name: str) -> dict[str, str]:
    """By kind of channel, where the receiver sends."""
    return {key: each[0][OWN[key][0]] for key, each in receiver(path, name).items() if key in OWN}


def goes_to(path: Path, amtool: Amtool, name: str, *labels: str) -> None:
    amtool("config", "routes", "test", f"--config.file={path}", f"--verify.receivers={name}", *labels)


@pytest.mark.usefixtures("own_secrets")
def test_alerts_of_the_application_go_to_its_receivers_and_others_stay(rendered: Rendered, amtool: Amtool) -> None:
    path = rendered(routing={"shop": ALL})
    assert "SUCCESS" in amtool("check-config", str(path))
    for (severity, team), name in POLICY.items():
        labels = ("alertname=Any", f"severity={severity}", f"team={team}")
        goes_to(path, amtool, "none" if name == "none" else f"shop-{name}", *labels, "application=shop")
        goes_to(path, amtool, name, *labels, "application=erp")
        goes_to(path, amtool, name, *labels)
    goes_to(path, amtool, "heartbeat", "alertname=Watchdog", "application=shop", "severity=none")
    goes_to(path, amtool, "test-slack", "alertname=ChannelTest", "test_channel=slack", "application=shop")
    assert told(path, "shop-critical") == {key: value for key, (_, value) in OWN.items()}
    assert told(path, "shop-business").keys() == {"email_configs", "slack_configs"}
    assert told(path, "shop-warning").keys() == {"slack_configs"}
    assert told(path, "critical") == DEFAULT


def test_without_a_file_nothing_is_added(rendered: Rendered) -> None:
    assert {each["name"] for each in load(rendered())["receivers"]} >= {"critical", "business", "warning"}
    assert not [each for each in load(rendered())["receivers"] if "shop" in each["name"]]


@pytest.mark.usefixtures("own_secrets")
def test_own_routes_have_the_times_of_the_default_s(rendered: Rendered) -> None:
    routes = {each["receiver"]: each for each in load(rendered(routing={"shop": ALL}))["route"]["routes"]}
    for tier in ("critical", "business"):
        own, default = ({**routes[name], "receiver": "", "matchers": ""} for name in (f"shop-{tier}", tier))
        assert own == default
    assert set(routes["shop-warning"]) == {"matchers", "receiver"}


@pytest.mark.usefixtures("own_secrets")
@pytest.mark.parametrize("channel", ALL)
def test_a_channel_that_is_not_named_is_the_default_s(channel: str, rendered: Rendered, amtool: Amtool) -> None:
    path = rendered(routing={"shop": {channel: ALL[channel]}})
    assert "SUCCESS" in amtool("check-config", str(path))
    key = f"{channel}_configs"
    assert told(path, "shop-critical") == {**DEFAULT, key: OWN[key][1]}


@pytest.mark.usefixtures("own_secrets")
def test_the_channel_of_its_own_needs_none_of_the_default_s(secrets: Path, rendered: Rendered, amtool: Amtool) -> None:
    for name in ("slack_webhook_url", "pagerduty_routing_key"):
        (secrets / name).write_text("", encoding="utf-8")
    path = rendered(routing={"shop": {"slack": True}, "mill": {"email": "mill@shop.example"}})
    assert "SUCCESS" in amtool("check-config", str(path))
    assert told(path, "shop-critical") == {
        "slack_configs": OWN["slack_configs"][1],
        "email_configs": DEFAULT["email_configs"],
    }
    assert told(path, "shop-warning") == {"slack_configs": OWN["slack_configs"][1]}
    assert told(path, "mill-warning") == {"email_configs": "mill@shop.example"}
    assert told(path, "warning") == {"email_configs": DEFAULT["email_configs"]}


@pytest.mark.usefixtures("own_secrets")
def test_only_the_environment_that_is_named(rendered: Rendered, amtool: Amtool) -> None:
    path = rendered(routing={"shop": {**ALL, "env": "production"}})
    labels = ("alertname=Any", "severity=critical", "team=app", "application=shop")
    goes_to(path, amtool, "shop-critical", *labels, "env=production")
    goes_to(path, amtool, "critical", *labels, "env=staging")


@pytest.mark.usefixtures("own_secrets")
@pytest.mark.parametrize("labels", ALERTS, ids=[f"{each['alertname']}-{each['severity']}" for each in ALERTS])
def test_no_alert_of_it_is_told_to_the_default(labels: dict[str, str], rendered: Rendered, amtool: Amtool) -> None:
    policy = "heartbeat" if labels["alertname"] == "Watchdog" else POLICY[labels["severity"], labels["team"]]
    tier = policy if policy in ("heartbeat", "none") else f"shop-{policy}"
    pairs = [f"{name}={value}" for name, value in labels.items()]
    goes_to(rendered(routing={"shop": ALL}), amtool, tier, *pairs, "application=shop")


def test_a_secret_that_cannot_work_is_refused_without_being_shown(own_secrets: Path, rendered: Rendered) -> None:
    (own_secrets / "shop_slack_webhook_url").write_text("q7Zx\n", encoding="utf-8")
    with pytest.raises(
        RefusedError, match="The secret shop_slack_webhook_url can't work; expected one line such"
    ) as said:
        rendered(routing={"shop": ALL})
    assert "q7Zx" not in str(said.value)
    (own_secrets / "shop_slack_webhook_url").write_text("http://inbox:8095/slack/shop\n", encoding="utf-8")
    with pytest.raises(RefusedError, match="ENV is production"):
        rendered({"ENV": "production"}, {"shop": {"slack": True}})


@pytest.mark.usefixtures("own_secrets")
def test_no_secret_is_in_the_configuration(rendered: Rendered) -> None:
    text = rendered(routing={"shop": ALL}).read_text(encoding="utf-8")
    assert "slack/shop" not in text
    assert "shop00000" not in text
