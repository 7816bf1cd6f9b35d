"""An alert that was told and a silence that was made before the first fault, and that no fault may undo."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime, timedelta

import requests

from tests.support import stack
from tests.support.alertmanager import Alertmanager, silence
from tests.support.pages import CHANNELS, Page, Pages
from tests.support.wait import eventually

OWN = "Fault"
"""What the names of the alerts begin with that the faults send themselves."""
WRITTEN_SECONDS = 5 + 1
"""Alertmanager's --data.maintenance-interval, and some: what is younger a kill may undo."""
TOLD_SECONDS = 5 + 10 + 2
"""The group_wait and group_interval of critical alerts, and some: when an alert that is sent again would be told."""
HOURS = 2


class Standing:
    def __init__(self) -> None:
        self._begun = time.time()
        self._alert = f"{OWN}Standing{secrets.token_hex(4)}"
        self._silence = silence(HOURS * 3600, 'service="nobody"')
        self.send_again()
        eventually(lambda: all(self.pages(each) for each in CHANNELS), f"{self._alert} told by every channel", 60)
        self._told = time.time()

    @property
    def is_written(self) -> bool:
        return time.time() - self._told > WRITTEN_SECONDS

    @property
    def is_silent(self) -> bool:
        return Alertmanager().silence_state(self._silence) == "active"

    def send_again(self) -> None:
        """As Prometheus does each minute with what fires."""
        send_alert(self._alert, HOURS * 3600)

    def pages(self, channel: str, since: float = 0) -> list[Page]:
        """All that the channel got of the alert since then (Unix seconds)."""
        return Pages().of(self._alert, channel, since=max(since, self._begun))


def send_alert(name: str, seconds: float) -> None:
    """Hands Alertmanager a critical alert that fires for so long."""
    labels = {"alertname": name, "severity": "critical", "team": "infra", "service": "faults", "signal": "self"}
    place = {"application": "monitoring", "env": stack.setting("ENV")}
    told = {"summary": f"{name} is a test", "description": "A test of faults.", "runbook_url": "docs/runbooks/none.md"}
    ends = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
    alert = {"labels": labels | place, "annotations": told, "endsAt": ends}
    requests.post(f"{stack.url('alertmanager')}/api/v2/alerts", json=[alert], timeout=20).raise_for_status()
