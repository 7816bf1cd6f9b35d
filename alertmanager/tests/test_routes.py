"""Every alert of the rules goes where the committed table says, pages at any hour, and no page waits for its group."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from promql_parser import parse_duration

from alertmanager import reference
from alertmanager.routes import ROUTES
from alertmanager.settings import RefusedError
from alertmanager.tests.test_channels import POLICY, load

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "alert-routing.md"
ALERTS = reference.alerts()
LONGEST_WAIT_OF_A_PAGE = 10


def seconds(duration: str) -> float:
    return float(parse_duration(duration).total_seconds())


def routes(rendered: Callable[..., Path]) -> list[dict[str, Any]]:
    root: dict[str, Any] = load(rendered())["route"]
    return [root, *({**root, **route} for route in root["routes"])]


def table() -> dict[tuple[str, str, str], tuple[str, str]]:
    """Name, severity and team to receiver and hours, as the committed page has them."""
    rows = re.findall(
        r"^\| \[(\w+)\]\S+ \| (\w*) \| (\w*) \| (\w+) \| [^|]+ \| ([^|]+) \|$", PAGE.read_text(), re.MULTILINE
    )
    return {(name, severity, team): (receiver, hours) for name, severity, team, receiver, hours in rows}


def test_committed_table_is_the_one_that_rules_and_routes_make() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference.page(), "run `make reference` and commit what it writes"


@pytest.mark.parametrize("labels", ALERTS, ids=[f"{each['alertname']}-{each['severity']}" for each in ALERTS])
def test_alert_goes_to_the_receiver_of_the_table(
    labels: dict[str, str], rendered: Callable[..., Path], amtool: Callable[..., str]
) -> None:
    receiver, hours = table()[(labels["alertname"], labels["severity"], labels["team"])]
    pairs = [f"{name}={value}" for name, value in labels.items()]
    amtool("config", "routes", "test", f"--config.file={rendered()}", f"--verify.receivers={receiver}", *pairs)
    assert receiver == (
        "heartbeat" if labels["alertname"] == "Watchdog" else POLICY[labels["severity"], labels["team"]]
    )
    assert (hours == "business hours") == (receiver == "business")


def test_pages_are_bound_to_no_hour_and_wait_for_no_group(rendered: Callable[..., Path]) -> None:
    (critical,) = [route for route in routes(rendered) if route["receiver"] == "critical"]
    assert not {"active_time_intervals", "mute_time_intervals"} & set(critical)
    assert seconds(critical["group_wait"]) <= LONGEST_WAIT_OF_A_PAGE
    assert seconds(critical["group_interval"]) <= LONGEST_WAIT_OF_A_PAGE
    assert critical["group_by"] == ["alertname", "service"]


def test_a_route_that_is_bound_to_hours_comes_after_the_pages() -> None:
    order = [
        route["receiver"] for route in ROUTES if "active_time_intervals" in route or route["receiver"] == "critical"
    ]
    assert order == ["critical", "business"]


def test_repetition_is_a_multiple_of_the_group_interval_but_for_the_heartbeat(rendered: Callable[..., Path]) -> None:
    for route in routes(rendered):
        if route["receiver"] != "heartbeat":
            assert seconds(route["repeat_interval"]) % seconds(route["group_interval"]) == 0


@pytest.mark.parametrize(("setting", "location"), [("", "UTC"), ("Europe/Berlin", "Europe/Berlin")])
def test_business_hours_are_those_of_the_setting(
    setting: str, location: str, rendered: Callable[..., Path], amtool: Callable[..., str]
) -> None:
    path = rendered({"BUSINESS_TIMEZONE": setting})
    amtool("check-config", str(path))
    (interval,) = load(path)["time_intervals"]
    assert interval["name"] == "business-hours"
    assert [each["location"] for each in interval["time_intervals"]] == [location]


@pytest.mark.parametrize("name", ["Berlin", "Europe/Nowhere", "../etc/passwd", "CET;rm"])
def test_time_zone_that_is_none_is_refused(name: str, rendered: Callable[..., Path]) -> None:
    with pytest.raises(RefusedError, match=r"BUSINESS_TIMEZONE is .*; expected a time zone such as Europe/Berlin"):
        rendered({"BUSINESS_TIMEZONE": name})
