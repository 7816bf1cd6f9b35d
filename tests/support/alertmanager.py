"""Client of Alertmanager's HTTP API."""

from datetime import datetime
from typing import Any

from ops import alerts
from ops.commands import current
from ops.console import OpsError
from tests.support.api import Api
from tests.support.wait import eventually

# ApplicationDown fires for so long after an application is taken away on purpose, and a little more.
TAKEN_AWAY_SECONDS = 20 * 60


def silence(seconds: int, *matchers: str) -> str:
    """The id of a silence from now on, which ends by itself."""
    why = ("--author=tests", "--comment=made by a test")
    command = ("silence", "add", *matchers, f"--duration={seconds}s", *why)
    # Another test may have Alertmanager's container made anew at this moment.
    return eventually(lambda: alerts.amtool(current(), *command), "a silence is taken", 60, not_yet=(OpsError,))


def end_silences(*matchers: str) -> None:
    """Those that a test of an earlier run has made and that still hold."""
    found = alerts.amtool(current(), "silence", "query", "--quiet", "--created-by=tests", *matchers).split()
    if found:
        alerts.amtool(current(), "silence", "expire", *found)


class Alertmanager(Api):
    service = "alertmanager"
    root = "/api/v2"

    def alerts(self, alertname: str = "") -> list[dict[str, Any]]:
        """The alerts it holds now, silenced and inhibited ones too."""
        only = {"filter": f'alertname="{alertname}"'} if alertname else {}
        return list(self.get("alerts", **only))

    def silenced(self) -> list[dict[str, str]]:
        """The labels of the alerts that somebody has silenced."""
        return [alert["labels"] for alert in self.get("alerts") if alert["status"]["silencedBy"]]

    def silence_state(self, identifier: str) -> str:
        """active, pending or expired; "gone" where there is none."""
        states = {each["id"]: each["status"]["state"] for each in self.get("silences")}
        return str(states.get(identifier, "gone"))

    def silences_changed_at(self) -> float:
        """When a silence was last made or ended, in Unix seconds; 0 where none is known."""
        found = [datetime.fromisoformat(each["updatedAt"]).timestamp() for each in self.get("silences")]
        return max(found, default=0)

    def configuration(self) -> str:
        return str(self.get("status")["config"]["original"])
