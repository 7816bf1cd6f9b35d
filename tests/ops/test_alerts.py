"""The parts of `make silence` and `make alerts` that need no stack; tests/e2e/test_alert_commands.py has the rest."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ops import alerts
from ops.console import OpsError
from ops.settings import Settings
from ops.stack import Stack

BEGUN = "2026-11-25T13:05:40.199673895Z"
NOW = datetime(2026, 11, 26, 14, 6, 41, tzinfo=UTC)


def pending(name: str, severity: str, service: str) -> dict[str, Any]:
    """An alert as Prometheus tells it."""
    labels = {"alertname": name, "severity": severity, "application": "erp", "env": "sandbox", "service": service}
    annotations = {"summary": "It is down", "dashboard_url": "/d/overview"}
    return {"labels": labels, "annotations": annotations, "state": "pending", "activeAt": BEGUN}


def held(name: str, severity: str, service: str, state: str = "active", **by: list[str]) -> dict[str, Any]:
    """An alert as Alertmanager tells it."""
    status = {"state": state, "silencedBy": [], "inhibitedBy": [], "mutedBy": []} | by
    return pending(name, severity, service) | {"startsAt": BEGUN, "status": status}


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("1h30m", 5400), ("2d", 172800), ("30d", 2592000)]
)
def test_duration_is_understood(text: str, seconds: int) -> None:
    assert alerts.duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "1", "1x", "-1h", "1h ", "1h;30m", "0s", "31d", "9999999999d", "\uff11h"])
def test_bad_duration_is_refused_before_anything_is_asked(text: str, settings: Settings) -> None:
    with pytest.raises(OpsError, match=r"FOR='.*expected at most 30d, such as FOR=30m"):
        alerts.silence(Stack(settings, "official"), text, "erp-web", "", "")


def test_alerts_are_listed_by_severity_and_state_with_start_and_board() -> None:
    found = [
        held("Watchdog", "none", "prometheus"),
        held("ErpSlow", "warning", "erp-web", "suppressed", inhibitedBy=["x"]),
        held("ErpAsleep", "warning", "erp-web", "suppressed", mutedBy=["business-hours"]),
        held("ErpQuiet", "critical", "erp-web", "suppressed", silencedBy=["y"], inhibitedBy=["x"]),
        held("ErpDown", "critical", "erp-web"),
        pending("ErpSoon", "critical", "erp-beat"),
        held("Bare", "", "") | {"labels": {"alertname": "Bare"}, "annotations": {}},
    ]
    told = alerts.listing(found, "http://localhost:3000", NOW).splitlines()
    assert [line.split()[:6] for line in told[2:8]] == [
        ["critical", "firing", "ErpDown", "erp", "sandbox", "erp-web"],
        ["critical", "pending", "ErpSoon", "erp", "sandbox", "erp-beat"],
        ["critical", "silenced", "ErpQuiet", "erp", "sandbox", "erp-web"],
        ["warning", "inhibited", "ErpSlow", "erp", "sandbox", "erp-web"],
        ["warning", "muted", "ErpAsleep", "erp", "sandbox", "erp-web"],
        ["firing", "Bare", "2026-11-25", "13:05:40", "UTC", "(1"],
    ]
    assert "  2026-11-25 13:05:40 UTC (1 day, 1:01:00)  It is down  http://localhost:3000/d/overview" in told[2]
    assert told[-1] == "3 firing, 1 pending, 1 silenced, 1 inhibited, 1 muted."


def test_alerts_that_only_another_label_tells_apart_are_told_apart() -> None:
    burn = pending("ErrorBudgetSlowBurn", "warning", "erp")
    days = [{**burn, "labels": {**burn["labels"], "slo": "latency", "window": window}} for window in ("1d", "3d")]
    told = alerts.listing(days, "http://localhost:3000", NOW).splitlines()
    assert told[0].split()[3:8] == ["application", "env", "service", "which", "since"]
    assert [line.split()[6:8] for line in told[2:4]] == [["slo=latency", "window=1d"], ["slo=latency", "window=3d"]]


def test_a_silence_of_everything_is_refused(settings: Settings) -> None:
    with pytest.raises(OpsError, match="SERVICE= and APPLICATION= are empty; expected one of them or both"):
        alerts.silence(Stack(settings, "official"), "1h", "", "", "sandbox")


@pytest.mark.parametrize(
    "command", [lambda stack: alerts.silence(stack, "1h", "erp-web", "", ""), alerts.alerts, alerts.review]
)
def test_a_stack_that_is_down_is_told(command: Callable[[Stack], None], settings: Settings) -> None:
    nobody = Settings({**settings.values, "PROMETHEUS_PORT": "9"}, {})
    with pytest.raises(OpsError, match=r"doesn't answer at http://127\.0\.0\.1:9 .*`make up`"):
        command(Stack(nobody, "official"))


def test_an_alertmanager_that_is_down_is_told(settings: Settings) -> None:
    nobody = Settings({**settings.values, "PROJECT": "nobody"}, {})
    with pytest.raises(OpsError, match=r"amtool.* failed: .* Expected a running stack: `make up`"):
        alerts.amtool(Stack(nobody, "official"), "silence", "query")
