"""Client of Grafana's HTTP API, where Grafana runs and not the preview in its place."""

from typing import Any

import requests

from tests.support import stack


def is_preview() -> bool:
    """Whether the preview answers where Grafana would."""
    answer = requests.get(f"{stack.url('grafana')}/api/health", timeout=20)
    return bool(answer.json().get("version") == "preview")


class Grafana:
    def __init__(self, base: str | None = None) -> None:
        self.base = base or stack.url("grafana")
        self._login = ("admin", stack.secret("grafana_admin_password"))

    def get(self, path: str) -> Any:
        answer = requests.get(f"{self.base}/api/{path}", auth=self._login, timeout=20)
        answer.raise_for_status()
        return answer.json()

    def data_sources(self) -> list[dict[str, Any]]:
        return list(self.get("datasources"))

    def proxied(self, uid: str, path: str) -> str:
        """OK, or the status by which the data source answers at `path` through Grafana."""
        answer = requests.get(f"{self.base}/api/datasources/proxy/uid/{uid}{path}", auth=self._login, timeout=20)
        return "OK" if answer.ok else f"{answer.status_code} {answer.text[:200]}"

    def health(self, uid: str) -> str:
        """OK, or Grafana's sentence about what is wrong with the data source."""
        answer = requests.get(f"{self.base}/api/datasources/uid/{uid}/health", auth=self._login, timeout=20)
        body = answer.json()
        return str(body.get("status") if body.get("status") == "OK" else body)

    def query_range(
        self, uid: str, expression: str, start: float, end: float, step: float, *, kind: str
    ) -> list[list[float]]:
        """A panel's query through Grafana's own query API; one list of values per frame."""
        query = {
            "refId": "A",
            "datasource": {"uid": uid, "type": kind},
            "expr": expression,
            "intervalMs": int(step * 1000),
            "maxDataPoints": int((end - start) / step) + 1,
            **({"queryType": "range"} if kind == "loki" else {"range": True, "instant": False}),
        }
        window = {"from": str(int(start * 1000)), "to": str(int(end * 1000))}
        answer = requests.post(
            f"{self.base}/api/ds/query", json={"queries": [query], **window}, auth=self._login, timeout=30
        )
        result = answer.json()["results"]["A"]
        if error := result.get("error"):
            raise AssertionError(f"Grafana refused {expression}: {error}")
        return [_values(frame) for frame in result.get("frames", [])]


def _values(frame: dict[str, Any]) -> list[float]:
    """The numbers of a frame's last column; each line of a log frame counts as one."""
    columns = frame["data"]["values"]
    last = columns[-1] if columns else []
    return [float(value) if isinstance(value, int | float) else 1.0 for value in last if value is not None]
