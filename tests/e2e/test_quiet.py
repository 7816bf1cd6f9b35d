"""On a stack that is well nobody is told anything, and no alert fires but the Watchdog."""

from __future__ import annotations

import time

import pytest

from tests.support.pages import CHANNELS, Pages
from tests.support.prometheus import Prometheus
from tests.support.wait import stays

pytestmark = pytest.mark.alone
LEAST_SECONDS = 120


def fired(prometheus: Prometheus, since: float) -> set[str]:
    """The alerts that fired at any time after `since` (Unix seconds)."""
    seconds = max(20, int(time.time() - since))  # two evaluations at the least
    firing = f'group by (alertname) (count_over_time(ALERTS{{alertstate="firing"}}[{seconds}s]))'
    return {sample.labels["alertname"] for sample in prometheus.query(firing)}


@pytest.mark.timeout(LEAST_SECONDS + 60)
def test_only_the_watchdog_fires(prometheus: Prometheus, healthy_since: float, report: list[str]) -> None:
    left = max(0.0, LEAST_SECONDS - (time.time() - healthy_since))
    stays(
        lambda: fired(prometheus, healthy_since),
        "only the Watchdog fires",
        left,
        until=lambda names: names == {"Watchdog"},
        interval=5,
    )
    report.append(f"In {time.time() - healthy_since:.0f} s on a stack that is well only the Watchdog fired.")


def test_nobody_is_told_anything(pages: Pages, healthy_since: float) -> None:
    told = {channel: [page.title for page in pages.received(channel, since=healthy_since)] for channel in CHANNELS}
    assert told == {channel: [] for channel in CHANNELS}
