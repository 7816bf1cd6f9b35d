"""Every alert of the rules takes the route of the committed page; critical ones are sent at once and at any hour."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from promql_parser import parse_duration

from alertmanager import reference
from alertmanager.routes import ROUTE, routed
from alertmanager.tests.test_channels import POLICY

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "alert-routing.md"
ALERTS = reference.alerts()
LONGEST_WAIT_OF_A_PAGE = 10

ROUTES: list[dict[str, Any]] = [ROUTE, *({**ROUTE, **route} for route in ROUTE["routes"])]


def seconds(duration: str) -> float:
    return float(parse_duration(duration).total_seconds())


def test_committed_table_is_the_one_that_rules_and_routes_make() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference.page(), "run `make reference` and commit what it writes"


@pytest.mark.parametrize("labels", ALERTS, ids=[f"{each['alertname']}-{each['severity']}" for each in ALERTS])
def test_alert_goes_to_the_receiver_of_the_table(
    labels: dict[str, str], rendered: Callable[..., Path], amtool: Callable[..., str]
) -> None:
    route = routed(labels)
    receiver = "heartbeat" if labels["alertname"] == "Watchdog" else POLICY[labels["severity"], labels["team"]]
    assert (route["receiver"], "active_time_intervals" in route) == (receiver, receiver == "business")
    pairs = [f"{name}={value}" for name, value in labels.items()]
    amtool("config", "routes", "test", f"--config.file={rendered()}", f"--verify.receivers={receiver}", *pairs)


def test_critical_alerts_are_sent_at_any_hour_and_wait_for_no_group() -> None:
    (critical,) = [route for route in ROUTES if route["receiver"] == "critical"]
    assert not {"active_time_intervals", "mute_time_intervals"} & set(critical)
    assert seconds(critical["group_wait"]) <= LONGEST_WAIT_OF_A_PAGE
    assert seconds(critical["group_interval"]) <= LONGEST_WAIT_OF_A_PAGE
    assert critical["group_by"] == ["alertname", "application", "env", "service"]


def test_a_route_that_is_bound_to_hours_comes_after_the_critical_one() -> None:
    order = [
        route["receiver"] for route in ROUTES if "active_time_intervals" in route or route["receiver"] == "critical"
    ]
    assert order == ["critical", "business"]


def test_repetition_is_a_multiple_of_the_group_interval_but_for_the_heartbeat() -> None:
    for route in ROUTES:
        if route["receiver"] != "heartbeat":
            assert seconds(route["repeat_interval"]) % seconds(route["group_interval"]) == 0
