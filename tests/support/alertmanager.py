"""Client of Alertmanager's HTTP API."""

from __future__ import annotations

from typing import Any

import requests

from tests.support import stack


class Alertmanager:
    def __init__(self, base: str | None = None) -> None:
        self.base = base or stack.url("alertmanager")

    def get(self, path: str, **parameters: Any) -> Any:
        answer = requests.get(f"{self.base}/api/v2/{path}", params=parameters, timeout=20)
        answer.raise_for_status()
        return answer.json()

    def alerts(self, alertname: str = "") -> list[dict[str, Any]]:
        """The alerts it holds now, silenced and inhibited ones too."""
        only = {"filter": f'alertname="{alertname}"'} if alertname else {}
        return list(self.get("alerts", **only))

    def receivers(self) -> set[str]:
        return {each["name"] for each in self.get("receivers")}

    def configuration(self) -> str:
        return str(self.get("status")["config"]["original"])
