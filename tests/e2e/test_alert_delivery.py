"""One alert during a silence, a restart of Prometheus and a kill of Alertmanager: one notification, one resolution."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from ops import alerts, faults
from ops.commands import current
from tests.support import stack
from tests.support.alertmanager import Alertmanager, silence
from tests.support.pages import CHANNELS, Page, Pages
from tests.support.prometheus import Prometheus
from tests.support.wait import eventually, stays

pytestmark = pytest.mark.alone

ALERT = "InstanceDown"
SERVICE = "erp-beat"
SILENCE_SECONDS = 75  # without it, a notification is sent after 56 s at most
MAINTENANCE_SECONDS = 5  # Alertmanager's --data.maintenance-interval
FLUSH_SECONDS = 70  # several times the group_interval of critical alerts


@dataclass(frozen=True)
class Story:
    silenced_until: float
    silenced_by: list[str]
    silence: str
    pending_alert_was_told: bool
    kept_silence: str
    pages: dict[str, list[Page]]


@pytest.fixture(scope="module")
def story(pages: Pages, prometheus: Prometheus) -> Story:
    alertmanager = Alertmanager()

    def told(*, resolution: bool) -> dict[str, list[Page]]:
        found = {each: pages.of(ALERT, each, since=begun, resolution=resolution, says=SERVICE) for each in CHANNELS}
        return found if all(found.values()) else {}

    prometheus.wait_until_it_judges()
    begun = time.time()
    made = silence(SILENCE_SECONDS, f'alertname="{ALERT}"', f'service="{SERVICE}"')
    elsewhere = silence(1800, 'service="nobody"')
    try:
        faults.inject(current(), "erp-beat-stopped")
        eventually(lambda: prometheus.is_firing(ALERT), f"{ALERT} to fire", 60)
        silenced_by = eventually(lambda: _status(alertmanager)["silencedBy"], "the alert to be silenced", 30)
        eventually(
            lambda: told(resolution=False), "a notification by every channel", SILENCE_SECONDS + FLUSH_SECONDS + 30
        )

        faults.inject(current(), "redis-exporter-stopped")
        eventually(lambda: _state_of(prometheus, "TargetDown"), "TargetDown pending", 60)
        stack.compose("restart", "prometheus", timeout=90)
        eventually(lambda: prometheus.is_firing(ALERT), f"{ALERT} to fire after the restart", 240)
        _nothing_more_is_told(pages, told, 30)
        faults.mend(current(), "redis-exporter-stopped")

        assert time.time() - begun > 2 * MAINTENANCE_SECONDS
        # The drills beside this end a silence and have alerts told. The kill undoes what isn't written down yet.
        eventually(
            lambda: time.time() - max(alertmanager.silences_changed_at(), _last_told(pages, begun)),
            "the seconds since a silence changed or a page came to be more than Alertmanager takes to write it down",
            180,
            until=lambda seconds: seconds > MAINTENANCE_SECONDS + 5,
        )
        stack.compose("kill", "--signal", "KILL", "alertmanager")
        stack.compose("start", "alertmanager")
        eventually(lambda: alertmanager.alerts(ALERT), "Alertmanager to know the alert again", 120)
        _nothing_more_is_told(pages, told, FLUSH_SECONDS)
        kept = alertmanager.silence_state(elsewhere)
    finally:
        for fault in ("redis-exporter-stopped", "erp-beat-stopped"):
            if fault in faults.broken(current()):
                faults.mend(current(), fault)
    eventually(lambda: told(resolution=True), "a resolution by every channel", 180)
    alerts.amtool(current(), "silence", "expire", elsewhere)
    everything = {
        each: [page for page in pages.received(each, since=begun) if SERVICE in page.text] for each in CHANNELS
    }
    pending_told = any(page.alert == "TargetDown" for each in CHANNELS for page in pages.received(each, since=begun))
    return Story(begun + SILENCE_SECONDS, silenced_by, made, pending_told, kept, everything)


def _status(alertmanager: Alertmanager) -> dict[str, list[str]]:
    """Alertmanager's status of the alert."""
    (alert,) = [each for each in alertmanager.alerts(ALERT) if each["labels"]["service"] == SERVICE]
    return dict(alert["status"])


def _state_of(prometheus: Prometheus, alert: str) -> bool:
    return any(each["labels"]["alertname"] == alert and each["state"] == "pending" for each in prometheus.alerts())


def _last_told(pages: Pages, since: float) -> float:
    """When a channel last got a page of any alert, in Unix seconds."""
    return max((page.received_at for each in CHANNELS for page in pages.received(each, since=since)), default=since)


def _nothing_more_is_told(pages: Pages, told: Callable[..., dict[str, list[Page]]], seconds: float) -> None:
    def count() -> int:
        return sum(len(found) for found in told(resolution=False).values())

    stays(count, "no notification is repeated", seconds, until=lambda number: number == len(CHANNELS), interval=5)


def test_a_silence_holds_until_it_expires(story: Story) -> None:
    assert story.silenced_by == [story.silence]
    first = min(page.received_at for found in story.pages.values() for page in found)
    assert first > story.silenced_until


@pytest.mark.parametrize("channel", CHANNELS)
def test_each_channel_gets_one_notification_and_one_resolution(story: Story, channel: str) -> None:
    told = [page for page in story.pages[channel] if page.alert == ALERT]
    assert [page.is_resolution for page in told] == [False, True]


def test_a_restart_of_prometheus_sends_no_notification_of_a_pending_alert(story: Story) -> None:
    assert not story.pending_alert_was_told


def test_a_silence_outlives_a_killed_alertmanager(story: Story) -> None:
    assert story.kept_silence == "active"
