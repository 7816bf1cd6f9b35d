"""Whatever a client can cause is a line and a count: under WSGI and ASGI, in a view, a form and a middleware."""

import json
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from harness import scripts
from harness.samples import total
from harness.tracker import Tracker

from . import refusals

ROOT = Path(__file__).parents[3]
SUSPICIONS = {
    **dict.fromkeys(("SuspiciousOperation", "OwnSuspicion", "DisallowedRedirect", "SuspiciousFileOperation"), 2),
    **dict.fromkeys(("DisallowedHost", "TooManyFieldsSent", "TooManyFilesSent"), 4),
    **{"RequestDataTooBig": 6, "UnreadablePostError": 2},
}
"""How often each is counted for all requests of both kinds of client."""


class Asked(NamedTuple):
    statuses: dict[tuple[str, str], int]
    lines: list[dict[str, Any]]
    metrics: str
    events: list[dict[str, Any]]


@pytest.fixture(scope="module")
def asked(django_db_setup: None, running_tracker: Tracker) -> Asked:
    running_tracker.reset()
    written = scripts.output("-m", "tests.app.instrumentation.refusals", cwd=ROOT, SENTRY_DSN=running_tracker.dsn)
    *lines, result = map(json.loads, written.splitlines())
    statuses = {(server, name): status for server, name, status in result["answers"]}
    return Asked(statuses, lines, result["metrics"], running_tracker.events)


@pytest.mark.parametrize("server", ["wsgi", "asgi"])
@pytest.mark.parametrize("name", refusals.REQUESTS)
def test_a_refusal_is_an_access_line_and_no_error(asked: Asked, server: str, name: str) -> None:
    assert asked.statuses[server, name] == refusals.REQUESTS[name][-1]
    lines = [line for line in asked.lines if line["request_id"] == f"{server}-{name.replace(' ', '-')}"]
    (access,) = [line for line in lines if line["logger"] == "access"]
    assert access["status"] == refusals.REQUESTS[name][-1]
    assert [line for line in lines if line["level"] in ("ERROR", "CRITICAL") or "exception" in line] == []
    assert "hunter2" not in json.dumps(lines)


def test_only_the_fault_of_the_site_is_an_event(asked: Asked) -> None:
    assert Counter(event["exception"]["values"][-1]["type"] for event in asked.events) == {"RuntimeError": 2}
    assert total(asked.metrics, "sentry_events_total") == 2


def test_suspicions_are_counted_by_their_names(asked: Asked) -> None:
    counted = {error: total(asked.metrics, "http_client_errors_total", error=error) for error in SUSPICIONS}
    assert counted == SUSPICIONS


def test_no_refusal_is_an_exception_of_a_view(asked: Asked) -> None:
    assert total(asked.metrics, "django_http_exceptions_total_by_type_total") == 2
