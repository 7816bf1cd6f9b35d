"""A second stack with the sample, and what it has: orders, samples, lines, silences, issues, traces, each as text."""

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from ops import secrets
from tests.support.second_stack import SecondStack
from tests.support.stack import ROOT

ENVIRONMENT = {
    "SAMPLE": "on",
    "TRACING": "on",
    "WEB_CONCURRENCY": "1",
    "TRAFFIC_ORDERS_PER_MINUTE": "12",
}
WINDOW_SECONDS = 90
DAY, HOUR, MINUTE = 24 * 3600, 3600, 60
PLANTED = '{application="planted",service="day"}'


@dataclass(frozen=True)
class Content:
    """Each as text, so that a difference is seen where it is. `day` is what plant_day has planted."""

    orders: str
    users: str
    samples: str
    lines: str
    silences: str
    issues: str
    traces: str
    day: str


class SampleStack(SecondStack):
    def __init__(self, project: str, folder: Path = ROOT, /, **more: str) -> None:
        super().__init__(folder, **{"PROJECT": project, **ENVIRONMENT, **more})

    def sql(self, query: str) -> str:
        command = ("psql", "--username=postgres", "--dbname=erp", "--tuples-only", "--no-align", "--command", query)
        return self.compose("exec", "-T", "erp-db", *command).strip()

    def ask(self, port: str, path: str, **parameters: Any) -> Any:
        answer = requests.get(f"{self.url(port)}{path}", params=parameters, headers=self.token, timeout=60)
        answer.raise_for_status()
        return answer.json()

    @property
    def token(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {secrets.read('bugsink_api_token', self.secrets)}"}

    def plant(self, alert: str) -> None:
        ends = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
        labels = {"alertname": alert, "severity": "warning", "application": "erp", "env": "sandbox", "team": "infra"}
        body = [{"labels": labels, "endsAt": ends}]
        requests.post(f"{self.url('ALERTMANAGER_PORT')}/api/v2/alerts", json=body, timeout=20).raise_for_status()

    def plant_day(self) -> None:
        """A sample and a line each minute of a day that ended three hours ago."""
        end = int(time.time()) - 3 * HOUR
        moments = range(end - DAY, end, MINUTE)
        samples = "".join(f"planted_day{PLANTED} {number} {moment}\n" for number, moment in enumerate(moments))
        self.plant_block(f"# HELP planted_day A day.\n# TYPE planted_day gauge\n{samples}# EOF\n")
        values = [[str(_ns(moment)), f'{{"level": "INFO", "n": {number}}}'] for number, moment in enumerate(moments)]
        stream = {"application": "planted", "service": "day", "env": "sandbox", "level": "INFO"}
        body = {"streams": [{"stream": stream, "values": values}]}
        requests.post(f"{self.url('LOKI_PORT')}/loki/api/v1/push", json=body, timeout=60).raise_for_status()

    def day(self) -> dict[str, Any]:
        """What is there of it, each sample and each line; empty where none was planted."""
        samples = self.ask("PROMETHEUS_PORT", "/api/v1/query", query=f"planted_day{PLANTED}[2d]")["data"]["result"]
        window = {"start": _ns(time.time() - 2 * DAY), "end": _ns(time.time()), "limit": 5000}
        lines = self.ask("LOKI_PORT", "/loki/api/v1/query_range", query=PLANTED, **window)["data"]["result"]
        return {
            "samples": [value for each in samples for value in each["values"]],
            "lines": sorted(value for each in lines for value in each["values"]),
        }

    def told(self, alert: str) -> int:
        received = self.ask("INBOX_PORT", "/api/notifications", channel="slack")["notifications"]
        return sum(alert in json.dumps(each) for each in received)

    def silence(self) -> None:
        body = {
            "matchers": [{"name": "service", "value": "nobody", "isRegex": False, "isEqual": True}],
            "startsAt": datetime.now(UTC).isoformat(),
            "endsAt": (datetime.now(UTC) + timedelta(hours=5)).isoformat(),
            "createdBy": "tests",
            "comment": "to be there after the loss",
        }
        requests.post(f"{self.url('ALERTMANAGER_PORT')}/api/v2/silences", json=body, timeout=20).raise_for_status()

    def traces(self) -> list[dict[str, Any]]:
        if self.settings["TRACING"] == "off":
            return []
        listing = "wget -q -O - 'http://127.0.0.1:16686/jaeger/api/traces?service=erp-web&limit=500&lookback=1h'"
        return list(json.loads(self.compose("exec", "-T", "jaeger", "sh", "-c", listing))["data"])

    def content(self, end: float, last_order: int) -> Content:
        """What is kept of the orders up to that one, and of the seconds before `end`."""
        orders = self.sql("SELECT id, number, total, placed_by_id, created_at FROM orders_order ORDER BY id")
        samples = self.ask(
            "PROMETHEUS_PORT", "/api/v1/query", query=f'{{application=~".+"}}[{WINDOW_SECONDS}s]', time=end
        )["data"]["result"]
        lines = self.ask(
            "LOKI_PORT",
            "/loki/api/v1/query_range",
            query='{application="erp"}',
            start=_ns(end - WINDOW_SECONDS),
            end=_ns(end),
            limit=5000,
        )["data"]["result"]
        silences = self.ask("ALERTMANAGER_PORT", "/api/v2/silences")
        tracker = "/api/canonical/0"
        issues = [
            each
            for each in self.ask("BUGSINK_PORT", f"{tracker}/issues/", project=1)["results"]
            if datetime.fromisoformat(each["first_seen"]).timestamp() < end  # `make smoke` plants one
        ]
        events = [self.ask("BUGSINK_PORT", f"{tracker}/events/", issue=each["id"])["results"] for each in issues]
        ended = [
            each["traceID"] for each in self.traces() if max(span["startTime"] for span in each["spans"]) / 1e6 < end
        ]
        return Content(
            orders="\n".join(row for row in orders.splitlines() if int(row.split("|")[0]) <= last_order),
            users=self.sql("SELECT username, password, is_staff FROM organizations_user ORDER BY username"),
            samples=_sorted(samples),
            lines=_sorted(lines),
            silences=_sorted({each["id"]: each["matchers"] for each in silences}),
            issues=_sorted([issues, events]),
            traces=_sorted(sorted(ended)),
            day=_sorted([self.day()]),
        )


def _ns(seconds: float) -> int:
    return int(seconds) * 10**9


def _sorted(value: Any) -> str:
    rows = sorted(json.dumps(each, sort_keys=True) for each in value) if isinstance(value, list) else [value]
    return json.dumps(rows, indent=1)
