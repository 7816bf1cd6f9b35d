"""On a stack that is well nobody is told anything, and no alert fires but the Watchdog."""

from __future__ import annotations

import time

import pytest

from tests.support.pages import CHANNELS, Pages
from tests.support.prometheus import Prometheus
from tests.support.wait import eventually

LEAST_SECONDS = 120
pytestmark = [pytest.mark.alone, pytest.mark.timeout(LEAST_SECONDS + 60)]


def fired(prometheus: Prometheus, since: float) -> set[str]:
    """The alerts that fired at any time after `since` (Unix seconds)."""
    seconds = int(time.time() - since)
    firing = f'group by (alertname) (count_over_time(ALERTS{{alertstate="firing"}}[{seconds}s]))'
    return {sample.labels["alertname"] for sample in prometheus.query(firing)}


@pytest.fixture(scope="module")
def well_since(healthy_since: float) -> float:
    """Unix seconds, at least LEAST_SECONDS ago: enough for an alert's `for`, its group and its way to a channel."""
    eventually(
        lambda: time.time() - healthy_since,
        f"{LEAST_SECONDS} s on a stack that is well",
        LEAST_SECONDS + 10,
        until=lambda seconds: seconds >= LEAST_SECONDS,
        interval=5,
    )
    return healthy_since


def test_only_the_watchdog_fires(prometheus: Prometheus, well_since: float, report: list[str]) -> None:
    assert fired(prometheus, well_since) == {"Watchdog"}
    report.append(f"In {time.time() - well_since:.0f} s on a stack that is well only the Watchdog fired.")


def test_nobody_is_told_anything(pages: Pages, well_since: float) -> None:
    told = {channel: [page.title for page in pages.received(channel, since=well_since)] for channel in CHANNELS}
    assert told == {channel: [] for channel in CHANNELS}
