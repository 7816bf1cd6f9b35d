"""Client of Alertmanager's HTTP API."""

from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from tests.support.api import Api


class Alertmanager(Api):
    service = "alertmanager"
    root = "/api/v2"

    def alerts(self, alertname: str = "") -> list[dict[str, Any]]:
        """The alerts it holds now, silenced and inhibited ones too."""
        only = {"filter": f'alertname="{alertname}"'} if alertname else {}
        return list(self.get("alerts", **only))

    def silence(self, seconds: float, **labels: str) -> str:
        """Silence what has these labels from now on; the silence's id."""
        now = datetime.now(UTC)
        body = {
            "matchers": [{"name": name, "value": value, "isRegex": False} for name, value in labels.items()],
            "startsAt": now.isoformat(),
            "endsAt": (now + timedelta(seconds=seconds)).isoformat(),
            "createdBy": "tests",
            "comment": "made by a test, ends by itself",
        }
        answer = requests.post(f"{self.base}/api/v2/silences", json=body, timeout=20)
        answer.raise_for_status()
        return str(answer.json()["silenceID"])

    def silence_state(self, identifier: str) -> str:
        """active, pending or expired."""
        return str(self.get(f"silence/{identifier}")["status"]["state"])

    def expire(self, identifier: str) -> None:
        requests.delete(f"{self.base}/api/v2/silence/{identifier}", timeout=20).raise_for_status()

    def configuration(self) -> str:
        return str(self.get("status")["config"]["original"])
