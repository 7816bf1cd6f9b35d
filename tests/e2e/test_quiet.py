"""On a stack that is well nobody is told anything, and no alert fires but the Watchdog."""

from __future__ import annotations

import time

import pytest

from tests.support.load import Load
from tests.support.pages import CHANNELS, Pages
from tests.support.prometheus import Prometheus
from tests.support.wait import eventually

LEAST_SECONDS = 120
PATIENCE = 1200  # how long an alert of an earlier run's fault may still fire
pytestmark = pytest.mark.timeout(PATIENCE + LEAST_SECONDS + 60)
FIRING = 'ALERTS{alertstate="firing",alertname!="Watchdog"}'
# True of a machine that is busy with something else; the least share of it that has to be in use then.
OF_THE_MACHINE = {"ErpHostCpuSaturated": 0.7, "ErpHostMemoryLow": 0.7}


def names(prometheus: Prometheus, expression: str) -> set[str]:
    return {sample.labels["alertname"] for sample in prometheus.query(f"group by (alertname) ({expression})")}


@pytest.fixture(scope="module")
def well_since(healthy_since: float, prometheus: Prometheus, report: list[str]) -> float:
    """Unix seconds, at least LEAST_SECONDS ago: enough for an alert's `for`, its group and its way to a channel.

    The tests before this one fill that time. Where an alert fired already when they began, it begins with its end.
    """
    since = healthy_since
    if left := names(prometheus, f"{FIRING} @ {since:.3f}") - set(OF_THE_MACHINE):
        report.append(f"Fired already when the tests began: {', '.join(sorted(left))}.")
        eventually(
            lambda: names(prometheus, FIRING) & left,
            f"the end of {', '.join(sorted(left))}, which fired already when the tests began",
            PATIENCE,
            until=lambda firing: not firing,
            interval=5,
        )
        since = time.time()
    eventually(
        lambda: time.time() - since,
        f"{LEAST_SECONDS} s on a stack that is well",
        LEAST_SECONDS + 10,
        until=lambda seconds: seconds >= LEAST_SECONDS,
    )
    return since


@pytest.fixture(scope="module")
def fired(prometheus: Prometheus, well_since: float, report: list[str]) -> set[str]:
    """The alerts that fired at any time since then."""
    seconds = int(time.time() - well_since)
    report.append(f"In {seconds} s on a stack that is well no alert was to fire but the Watchdog.")
    return names(prometheus, f"count_over_time({FIRING}[{seconds}s])")


def test_only_the_watchdog_fires(fired: set[str]) -> None:
    assert fired - set(OF_THE_MACHINE) == set()


def test_an_alert_of_the_machine_fires_only_where_the_machine_is_busy(fired: set[str], load: Load) -> None:
    in_use = {"ErpHostCpuSaturated": load.processor, "ErpHostMemoryLow": load.memory}
    untrue = {name: in_use[name] for name in fired & set(OF_THE_MACHINE) if in_use[name] < OF_THE_MACHINE[name]}
    assert untrue == {}, load.sentence


def test_nobody_is_told_anything(pages: Pages, well_since: float) -> None:
    """But of the machine, and of the end of what began before."""
    told = [page for channel in CHANNELS for page in pages.received(channel, since=well_since)]
    assert [page for page in told if page.alert not in OF_THE_MACHINE and not page.is_resolution] == []
