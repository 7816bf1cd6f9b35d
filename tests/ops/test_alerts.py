"""`make silence`, `make alerts` and `make alert-review` against programs that answer what the real ones would."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ops import alerts
from ops.console import OpsError
from ops.settings import Settings

BEGUN = "2026-11-25T13:05:40.199673895Z"
LINKS = {"summary": "It is down", "dashboard_url": "/d/erp-overview"}


def labels(name: str, severity: str, service: str) -> dict[str, str]:
    return {"alertname": name, "severity": severity, "service": service}


def held(name: str, severity: str, service: str, state: str = "active", **by: list[str]) -> dict[str, Any]:
    """An alert as Alertmanager tells it: with the label that Prometheus adds on the way."""
    status = {"state": state, "silencedBy": [], "inhibitedBy": [], "mutedBy": []} | by
    told = labels(name, severity, service) | {"env": "sandbox"}
    return {"labels": told, "annotations": LINKS, "startsAt": BEGUN, "status": status}


def rule(name: str, severity: str, service: str = "{{ $labels.job }}") -> dict[str, Any]:
    return {"name": name, "labels": {"severity": severity, "team": "app", "service": service}}


def known(name: str, severity: str, service: str, state: str) -> dict[str, Any]:
    """An alert as Prometheus tells it."""
    told = labels(name, severity, service)
    return {"labels": told, "annotations": LINKS, "state": state, "activeAt": BEGUN}


class Fake:
    """What both programs answer, by path, and what they were sent."""

    def __init__(self) -> None:
        self.status = 200
        self.sent: list[Any] = []
        self.results: dict[str, list[tuple[dict[str, str], float]]] = {}  # by a part of the expression
        self.answers: dict[str, Any] = {
            "/api/v1/rules": {"groups": [{"rules": [rule("ErpInstanceDown", "critical"), rule("Watchdog", "none")]}]},
            "/api/v1/label/service/values": ["erp-web", "payment"],
            "/api/v1/label/job/values": ["erp-web", "loki"],
            "/api/v1/alerts": {"alerts": []},
            "/api/v2/alerts": [],
            "/api/v2/silences": {"silenceID": "0815"},
        }

    def answer(self, path: str, query: str) -> Any:
        if path == "/api/v1/query":
            rows = next((rows for part, rows in self.results.items() if part in query), [])
            body: Any = {"result": [{"metric": metric, "value": [0, str(value)]} for metric, value in rows]}
        else:
            body = self.answers[path]
        return body if path.startswith("/api/v2") else {"status": "success", "data": body}


@pytest.fixture
def fake() -> Fake:
    return Fake()


@pytest.fixture
def stack(fake: Fake, settings: Settings) -> Iterator[Settings]:
    """Settings whose ports are those of the fake programs."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            body = json.dumps(fake.answer(url.path, parse_qs(url.query).get("query", [""])[0])).encode()
            self.send_response(fake.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            fake.sent.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    port = str(server.server_address[1])
    yield Settings({**settings.values, "PROMETHEUS_PORT": port, "ALERTMANAGER_PORT": port}, {})
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("1h30m", 5400), ("2d", 172800), ("30d", 2592000)]
)
def test_duration_is_understood(text: str, seconds: int) -> None:
    assert alerts.duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "1", "h", "1x", "-1h", "1h ", "1.5h", "1h;30m", "0s", "31d", "9999999999d"])
def test_bad_duration_is_refused_before_anything_is_asked(text: str, settings: Settings) -> None:
    with pytest.raises(OpsError, match=r"FOR='.*expected"):
        alerts.silence(settings, "erp-web", text)


def test_silence_mutes_the_service_but_not_the_watchdog(
    fake: Fake, stack: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    alerts.silence(stack, "erp-web", "1h")
    (sent,) = fake.sent
    assert [(each["name"], each["value"], each["isEqual"], each["isRegex"]) for each in sent["matchers"]] == [
        ("service", "erp-web", True, False),
        ("alertname", "Watchdog", False, False),
    ]
    begins, ends = (datetime.fromisoformat(sent[name]) for name in ("startsAt", "endsAt"))
    assert ends - begins == timedelta(hours=1)
    assert sent["createdBy"]
    assert sent["comment"] == "make silence SERVICE=erp-web FOR=1h"
    said = capsys.readouterr().out
    assert f"until {ends:%Y-%m-%d %H:%M:%S} UTC" in said
    assert "http://localhost:9093/#/silences/0815" in said


@pytest.mark.parametrize("service", ["", "erp-wbe", "{{ $labels.job }}"])
def test_unknown_service_is_refused_with_those_that_there_are(service: str, fake: Fake, stack: Settings) -> None:
    with pytest.raises(OpsError, match="has no alerts; expected one of erp-web, loki, payment"):
        alerts.silence(stack, service, "1h")
    assert fake.sent == []


def test_service_that_only_a_rule_names_can_be_silenced(fake: Fake, stack: Settings) -> None:
    fake.answers["/api/v1/rules"]["groups"][0]["rules"].append(rule("ErpStockLow", "warning", "warehouse"))
    alerts.silence(stack, "warehouse", "10m")
    assert len(fake.sent) == 1


def test_alerts_come_by_severity_and_state_with_since_and_link(
    fake: Fake, stack: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.answers["/api/v2/alerts"] = [
        held("Watchdog", "none", "prometheus"),
        held("ErpSlow", "warning", "erp-web", "suppressed", inhibitedBy=["x"]),
        held("ErpAsleep", "warning", "erp-web", "suppressed", mutedBy=["business-hours"]),
        held("ErpQuiet", "critical", "erp-web", "suppressed", silencedBy=["y"], inhibitedBy=["x"]),
        held("ErpDown", "critical", "erp-web"),
    ]
    fake.answers["/api/v1/alerts"] = {
        "alerts": [
            known("ErpDown", "critical", "erp-web", "firing"),
            known("ErpSoon", "critical", "erp-beat", "pending"),
        ]
    }
    alerts.alerts(stack)
    said = capsys.readouterr().out.splitlines()
    rows = [line.split()[:4] for line in said[2:8]]
    assert rows == [
        ["critical", "firing", "ErpDown", "erp-web"],
        ["critical", "pending", "ErpSoon", "erp-beat"],
        ["critical", "silenced", "ErpQuiet", "erp-web"],
        ["warning", "inhibited", "ErpSlow", "erp-web"],
        ["warning", "muted", "ErpAsleep", "erp-web"],
        ["none", "firing", "Watchdog", "prometheus"],
    ]
    assert "2026-11-25 13:05:40 UTC" in said[2]
    assert said[2].endswith("http://localhost:3000/d/erp-overview")
    assert said[-1] == "2 firing, 1 pending, 1 silenced, 1 inhibited, 1 muted."


def test_alert_without_labels_or_annotations_is_shown_too(
    fake: Fake, stack: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.answers["/api/v2/alerts"] = [held("Bare", "", "") | {"labels": {"alertname": "Bare"}, "annotations": {}}]
    alerts.alerts(stack)
    assert "Bare" in capsys.readouterr().out


def test_review_has_the_noisy_ones_first_and_lists_those_that_never_fired(
    fake: Fake, stack: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    noisy = {"alertname": "ErpSlow", "severity": "warning", "team": "app"}
    seldom = {"alertname": "ErpDown", "severity": "critical", "team": "infra"}
    slack = {"receiver_name": "warning", "integration": "slack"}
    fake.results = {
        "unless": [(seldom, 1), (noisy, 12)],
        "count_over_time": [(seldom, 4), (noisy, 800)],
        "failed_total": [(slack, 2)],
        "notifications_total": [(slack, 25)],
        "lowest_timestamp": [({}, datetime.now(UTC).timestamp() - 3 * 86400 - 5)],
    }
    alerts.review(stack)
    said = capsys.readouterr().out
    assert "of which Prometheus knows 3d 0h" in said
    fired, _, never = said.partition("Never fired (1):")
    lines = [line.split() for line in fired.splitlines()]
    assert lines.index(["ErpSlow", "warning", "app", "12", "3h", "20m"]) + 1 == lines.index(
        ["ErpDown", "critical", "infra", "1", "1m", "0s"]
    )
    assert ["warning", "slack", "25", "2"] in lines
    assert never.split()[-3:] == ["ErpInstanceDown", "critical", "app"]
    assert "Watchdog" not in said


def test_review_of_a_month_without_alerts_says_so(stack: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    alerts.review(stack)
    assert "No alert has fired." in capsys.readouterr().out


COMMANDS: dict[str, Callable[[Settings], None]] = {
    "silence": lambda settings: alerts.silence(settings, "erp-web", "1h"),
    "alerts": alerts.alerts,
    "review": alerts.review,
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_stack_that_is_down_is_told(command: str, settings: Settings) -> None:
    nobody = Settings({**settings.values, "PROMETHEUS_PORT": "9", "ALERTMANAGER_PORT": "9"}, {})
    with pytest.raises(OpsError, match=r"doesn't answer at http://127\.0\.0\.1:9 .*`make up`"):
        COMMANDS[command](nobody)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_refusal_is_told_with_its_words(command: str, fake: Fake, stack: Settings) -> None:
    fake.status = 503
    with pytest.raises(OpsError, match=r"refused /.*: 503"):
        COMMANDS[command](stack)
