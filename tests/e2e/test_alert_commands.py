"""`make silence`, `make alerts` and `make alert-review` against the running stack."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ops import alerts
from ops.commands import current
from tests.support import stack
from tests.support.alertmanager import Alertmanager
from tests.support.prometheus import Prometheus
from tests.support.wait import eventually

SERVICE, APPLICATION = "loki", "monitoring"  # of its alerts, none is awaited by another test
PROBE = "SilenceProbe"


@pytest.fixture(scope="module")
def alertmanager() -> Alertmanager:
    return Alertmanager()


@pytest.fixture
def probe() -> Iterator[str]:
    """An alert of SERVICE that reaches nobody, for as long as the test lasts."""

    def post(lasts: timedelta) -> None:
        now = datetime.now(UTC)
        times = (f"--start={(now - timedelta(seconds=1)).isoformat()}", f"--end={(now + lasts).isoformat()}")
        labels = (f"service={SERVICE}", f"application={APPLICATION}", "env=sandbox", "severity=info")
        alerts.amtool(current(), "alert", "add", PROBE, *labels, *times)

    post(timedelta(minutes=5))
    yield PROBE
    post(timedelta(0))


@pytest.fixture
def silence() -> Iterator[str]:
    """What `make silence` says; the silence is ended afterwards."""
    said = stack.run(
        "make", "-s", "silence", f"SERVICE={SERVICE}", f"APPLICATION={APPLICATION}", "IN_ENV=sandbox", "FOR=5m"
    )
    (found,) = re.findall(r"\(silence ([0-9a-f-]{36})\)", said)
    yield found
    alerts.amtool(current(), "silence", "expire", found)


def shown(name: str) -> list[list[str]]:
    """The first six columns of `make alerts` for an alert: severity, state, name, application, env, service."""
    rows = [line.split()[:6] for line in stack.run("make", "-s", "alerts").splitlines()]
    return [row for row in rows if name in row]


def test_make_alerts_shows_the_watchdog() -> None:
    eventually(
        lambda: shown("Watchdog"),
        "the Watchdog",
        60,
        until=lambda rows: rows == [["none", "firing", "Watchdog", "monitoring", "sandbox", "prometheus"]],
    )


def test_make_silence_silences(probe: str, silence: str, alertmanager: Alertmanager) -> None:
    def held() -> list[dict[str, Any]]:
        return [each["status"] for each in alertmanager.alerts(probe)]

    eventually(
        held,
        f"{probe} silenced by {silence}",
        30,
        until=lambda seen: [each["silencedBy"] for each in seen] == [[silence]],
    )
    assert shown(probe) == [["info", "silenced", probe, APPLICATION, "sandbox", SERVICE]]
    assert alertmanager.silence_state(silence) == "active"


def test_make_alert_review_lists_every_alert_but_the_watchdog(prometheus: Prometheus) -> None:
    said = stack.run("make", "-s", "alert-review", timeout=100)
    assert re.search(r"Prometheus has data since \d{4}-\d\d-\d\d \d\d:\d\d UTC", said)
    names = {rule["name"] for rule in prometheus.rules() if rule["type"] == "alerting"}
    assert names
    assert {name for name in names if not re.search(rf"^{name}\b", said, re.MULTILINE)} == {"Watchdog"}
    assert re.search(r"^heartbeat +webhook +\d+", said, re.MULTILINE)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["SERVICE=erp-wbe", "FOR=1h"], "SERVICE='erp-wbe' has no alerts; expected one of"),
        ([f"SERVICE={SERVICE}", "APPLICATION=elsewhere", "FOR=1h"], "APPLICATION='elsewhere' has no alerts"),
        (["FOR=1h"], "SERVICE= and APPLICATION= are empty"),
        ([f"SERVICE={SERVICE}"], "FOR='' is no duration"),
    ],
)
def test_bad_input_is_told_and_silences_nothing(given: list[str], told: str, alertmanager: Alertmanager) -> None:
    before = {each["id"] for each in alertmanager.get("silences")}
    with pytest.raises(stack.CommandError, match=re.escape(told)):
        stack.run("make", "-s", "silence", *given)
    assert {each["id"] for each in alertmanager.get("silences")} == before
