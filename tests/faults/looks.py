"""How it is seen that a fault is over, or that it is noticed: looks with the time since when (Unix seconds)."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ops.commands import current
from ops.load_faults import STORM
from tests.faults.model import Look
from tests.faults.standing import send_alert
from tests.support import stack
from tests.support.erp import Erp
from tests.support.loki import Loki
from tests.support.pages import CHANNELS, Pages
from tests.support.prometheus import Prometheus

CREATED = 201
ENDS_WITH = {"node": 2, "postgres-exporter": 2}
"""These two don't handle the signal, for which Go has this exit status."""
GROUP_INTERVAL = 12
"""Seconds after which a critical group is told again where it has changed, and some."""
LINES_SECONDS, OFF_SECONDS = 15, 5
HEARTBEATS = '{service="erp-worker"} |= "django_instrumentation.tasks.heartbeat succeeded"'


def started_anew(*services: str) -> Look:
    """The services have been started since then and are healthy; every one that runs on where none is named."""

    def look(since: float) -> bool:
        found = stack.containers()
        names = services or [name for name in stack.expected_services() if name not in current().one_shots]
        return all(_started(found[name]) > since and _is_healthy(found[name]) for name in names)

    return look


def orders_are_taken(_: float) -> bool:
    return Erp().place_order().status_code == CREATED


def lasted(seconds: float) -> Look:
    """So long the fault is there, whatever happens meanwhile."""
    return lambda since: time.time() - since >= seconds


def ended_well(_: float) -> bool:
    """Every service has ended by itself: none was killed after its grace, and none says that it failed."""
    ended = {name: each["State"] for name, each in stack.containers().items()}
    assert all(state["Status"] == "exited" for state in ended.values())
    return {name: state["ExitCode"] for name, state in ended.items()} == {
        name: ENDS_WITH.get(name, 0) for name in ended
    }


def unbroken(service: str) -> Look:
    """It wasn't started anew since then, and is healthy."""

    def look(since: float) -> bool:
        found = stack.containers()[service]
        return _started(found) < since and _is_healthy(found)

    return look


def is_unhealthy(service: str) -> Look:
    return lambda _: stack.containers()[service]["State"]["Health"]["Status"] == "unhealthy"


def refused(application: str) -> Look:
    """Prometheus takes nothing of an application, and everything of the sample."""

    def look(_: float) -> bool:
        prometheus = Prometheus()
        theirs = prometheus.query(f'up{{application="{application}",probe=""}}')
        return [each.value for each in theirs] == [0] and prometheus.query('up{application="erp"} == 0') == []

    return look


class Paging:
    """A critical alert that is told while `failing` fails: by the others at once, by it once it is mended.

    `beside` fails too meanwhile, by another row, and nothing is asked of it.
    """

    def __init__(self, failing: str, beside: str = "") -> None:
        self.failing = failing
        self._asked = tuple(each for each in CHANNELS if each != beside)
        self._alert = f"FaultPage{secrets.token_hex(4)}"
        self._begun = 0.0

    def by_the_others(self, since: float) -> bool:
        self._begun = self._begun or since
        return self._is_told(each for each in self._asked if each != self.failing)

    def by_all(self, _: float) -> bool:
        return self._is_told(self._asked)

    def _is_told(self, channels: Iterable[str]) -> bool:
        send_alert(self._alert, 900)
        return all(Pages().of(self._alert, channel, since=self._begun) for channel in channels)


def failure_is_counted(channel: str) -> Look:
    """Prometheus knows of a notification by that channel (Alertmanager's name) that has failed since then."""
    counter = f'alertmanager_notifications_failed_total{{integration="{channel}"}}'
    return lambda since: Prometheus().value(f"sum({counter}) - (sum({counter} @ {since:.3f}) or vector(0))") > 0


def storm_is_told_once(since: float) -> bool:
    """Every channel was told of all alerts of the storm by one page, ten seconds ago: a second one would have come."""
    pages = [Pages().of(STORM, channel, since=since, resolution=False) for channel in CHANNELS]
    assert all(len(each) <= 1 for each in pages), f"{[len(each) for each in pages]} pages of one group"
    return all(pages) and min(time.time() - each[0].received_at for each in pages) > GROUP_INTERVAL


def lines_are_off(service: str, seconds: float) -> Look:
    """The times in the newest lines are off by that, beside the times that Docker gave them."""

    def look(_: float) -> bool:
        entries = Loki().entries(f'{{service="{service}"}} |= "timestamp"', seconds=LINES_SECONDS)
        own = [datetime.fromisoformat(str(each.fields["timestamp"])).timestamp() - each.time for each in entries[-3:]]
        return bool(own) and all(abs(each - seconds) < OFF_SECONDS for each in own)

    return look


def heartbeat_is_run(since: float) -> bool:
    """The worker has run a task that beat has sent since then."""
    return Loki().entries(HEARTBEATS, seconds=max(1.0, time.time() - since)) != []


def both(*looks: Look) -> Look:
    return lambda since: all(look(since) for look in looks)


def _started(container: dict[str, Any]) -> float:
    return datetime.fromisoformat(container["State"]["StartedAt"]).timestamp()


def _is_healthy(container: dict[str, Any]) -> bool:
    state = container["State"]
    return bool(state["Status"] == "running" and state.get("Health", {}).get("Status") == "healthy")
