"""Client of Alertmanager's HTTP API."""

from typing import Any

from tests.support.api import Api


class Alertmanager(Api):
    service = "alertmanager"
    root = "/api/v2"

    def alerts(self, alertname: str = "") -> list[dict[str, Any]]:
        """The alerts it holds now, silenced and inhibited ones too."""
        only = {"filter": f'alertname="{alertname}"'} if alertname else {}
        return list(self.get("alerts", **only))

    def silence_state(self, identifier: str) -> str:
        """active, pending or expired."""
        return str(self.get(f"silence/{identifier}")["status"]["state"])

    def configuration(self) -> str:
        return str(self.get("status")["config"]["original"])
