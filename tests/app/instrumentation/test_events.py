"""What leaves a process by its lines, events, spans and tasks: no secret, and no more than a tracker takes."""

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.db import IntegrityError, connection
from harness import scripts
from harness.processes import HttpProcess
from harness.spans import SpanStore
from harness.tracker import Tracker
from harness.wait import eventually

from config.celery import app
from django_instrumentation import context, event_size, events, scrub
from organizations.models import User

from .corpus import CORPUS

TWICE = 2 * len(CORPUS)
ROOT = Path(__file__).parents[3]


class Told(NamedTuple):
    lines: list[str]
    events: list[dict[str, Any]]
    spans: bytes


def _lines(process: HttpProcess, logger: str) -> list[dict[str, Any]]:
    return [line for line in process.lines if line["logger"] == logger and line["level"] == "ERROR"]


@pytest.fixture(scope="module")
def told(running_tracker: Tracker) -> Iterator[Told]:
    """Everything that left a process which told each text of the corpus by every channel."""
    running_tracker.reset()
    store = SpanStore()
    with store.running():
        written = scripts.output(
            *("-m", "tests.app.instrumentation.tell", "--api-token", "swordfish", "--password=swordfish"),
            cwd=ROOT,
            SENTRY_DSN=running_tracker.dsn,
            OTEL_EXPORTER_OTLP_ENDPOINT=store.url,
            OTEL_TRACES_SAMPLER_ARG="1",
        )
        spans = b"".join(call.body for call in store.calls)
        yield Told(written.splitlines(), running_tracker.events, spans)


def secrets_in(text: str) -> list[str]:
    return [secret for _, secret in CORPUS if secret in text]


def test_lines_tell_no_secret(told: Told) -> None:
    lines = [line for line in told.lines if json.loads(line)["logger"] == "corpus"]
    assert len(lines) == 5 * TWICE + 2
    assert [(found, line) for line in lines if (found := secrets_in(line))] == []


def test_events_tell_no_secret(told: Told) -> None:
    assert len(told.events) == 3 * TWICE + 1
    texts = [json.dumps(event, ensure_ascii=False) for event in told.events]
    assert [(found, text) for text in texts if (found := secrets_in(text))] == []
    chains = [event["exception"]["values"] for event in told.events if "exception" in event]
    assert [[value["type"] for value in chain] for chain in chains] == [["ValueError", "RuntimeError"]] * TWICE
    assert sum("vars" in json.dumps(chain) for chain in chains) == len(CORPUS)
    assert all(len(event["breadcrumbs"]["values"]) >= 4 for event in told.events if "exception" in event)


def test_spans_tell_no_secret(told: Told) -> None:
    assert told.spans.count(b"db.statement") == len(CORPUS)
    assert secrets_in(told.spans.decode(errors="replace")) == []


def test_what_is_recorded_of_calls_and_arguments_tells_no_secret(told: Told) -> None:
    (event,) = [event for event in told.events if event["tags"].get("which") == "calls"]
    http, process, line = event["breadcrumbs"]["values"][-3:]
    assert (http["data"]["url"][-4:], http["data"]["http.query"]) == ("/pay", "[filtered]")
    assert process["message"] == "true --password [filtered]"
    assert line["message"] == "called by token [filtered]"
    assert event["extra"]["sys.argv"][1:] == ["--api-token", "[filtered]", "--password=[filtered]"]
    assert event["logentry"]["formatted"] == "called with [filtered]"
    assert b"/pay?[filtered]" in told.spans
    everything = json.dumps(told.events) + told.spans.decode(errors="replace") + "".join(told.lines)
    assert "swordfish" not in everything


def test_a_task_tells_no_secret(worker: HttpProcess, queue: None, tracker: Tracker) -> None:
    for text, _ in CORPUS:
        app.send_task("harness.tasks.tell", [text], {"note": text})
    eventually(lambda: len(_lines(worker, "celery.app.trace")) == len(CORPUS), "a line of each failed task", 60)
    eventually(lambda: len(tracker.events) == len(CORPUS), "an event of each", 30)
    assert secrets_in(worker.log.read_text()) == []
    assert secrets_in(json.dumps(tracker.events, ensure_ascii=False)) == []


def test_the_rows_of_a_database_stay_in_it(demo: User) -> None:
    with pytest.raises(IntegrityError) as unique:
        User.objects.create(username=demo.username, organization=demo.organization)
    with pytest.raises(IntegrityError) as row, connection.cursor() as cursor:
        cursor.execute("UPDATE organizations_user SET email = NULL WHERE id = %s", [demo.pk])
    for error, told in ((unique.value, "already exists"), (row.value, "Failing row contains")):
        assert demo.username in str(error)
        event = prepared({"exception": {"values": [{"type": "IntegrityError", "value": str(error)}]}})
        assert told in str(event)
        assert demo.username not in str(event)


def prepared(event: dict[str, Any], *, user_email: bool = True, hint: dict[str, Any] | None = None) -> Any:
    return events.Hook(application="a", service="s", user_email=user_email)(event, hint or {})  # type: ignore[arg-type]


HTTP_CALL = {"type": "http", "data": {"url": "http://a/", "http.query": "hunter2", "http.fragment": "hunter2"}}
FRAME = {"vars": {"password": "'hunter2'", "data": {"cvv": "'hunter2'"}}, "context_line": "pw='hunter2'"}
REQUEST = {
    **{"query_string": "hunter2", "cookies": {"a": "hunter2"}, "data": {"pw": "hunter2"}, "env": {"A": "hunter2"}},
    "headers": [["Authorization", "hunter2"]],
}


@pytest.mark.parametrize(
    "given",
    [
        {"logentry": {"message": "login of %s, password=%s", "params": ["x", "hunter two"]}},
        {"logentry": {"message": "login", "formatted": "login, password=hunter2", "params": ["hunter2"]}},
        {"extra": {"sys.argv": ["manage.py", "imp", "--api-token", "hunter2", "--password=hunter2"]}},
        {"extra": {"celery-job": {"task_name": "a.b", "args": ["hunter2"], "kwargs": {"x": "hunter2"}}}},
        {"breadcrumbs": {"values": [HTTP_CALL]}},
        {"breadcrumbs": [HTTP_CALL], "contexts": {"trace": None}},
        {"exception": [{"value": "password=hunter2", "mechanism": {"data": {"token": "hunter2"}}}]},
        {"breadcrumbs": {"values": [{"message": "mysqldump --user=erp --password hunter2 erp"}]}},
        {"request": REQUEST},
        {"threads": {"values": [{"stacktrace": {"frames": [FRAME]}}]}},
        {"exception": {"values": [{"value": "", "stacktrace": {"frames": [FRAME]}}]}},
        {"contexts": {"trace": {"trace_id": "1", "data": {"url.query": "hunter2"}}}},
        {"unknown": {"cvv": "hunter2"}, "fingerprint": ["password=hunter2"], "tags": {"token": "hunter2"}},
        {"user": {"id": "1", "data": {"token": "hunter2"}}},
    ],
)
def test_no_part_of_an_event_is_passed_over(given: dict[str, Any]) -> None:
    event = prepared(given)
    assert re.findall(r"\bhunter|\btwo\b", json.dumps(event)) == []
    assert event["tags"]["service"] == "s"


def test_a_transaction_of_another_sdk_is_scrubbed_and_not_counted_as_an_error() -> None:
    spans = [{"span_id": "1", "description": "UPDATE users SET email = 'jane'", "data": {"http.query": "a=hunter2"}}]
    event: Any = {"type": "transaction", "spans": spans, "transaction": "/a?token=hunter2"}
    found = json.dumps(events.Hook(application="a", service="s", user_email=True).transaction(event, {}))
    assert ("jane" in found, "hunter2" in found) == (False, False)


@pytest.mark.parametrize("params", [{"0": "jane", "1": "hunter two"}, {}])
def test_a_line_that_another_sdk_sends_is_scrubbed(params: dict[str, str]) -> None:
    attributes = {f"sentry.message.parameter.{name}": value for name, value in params.items()}
    attributes |= {"sentry.message.template": "login of %s, password=%s", "logger.name": "x", "pw": "hunter2"}
    item = events.log_item({"body": "login of jane, password=hunter2", "attributes": attributes}, {})
    assert (item["body"], "hunter" in str(item)) == ("login of jane, password=[filtered]", False)
    assert item["attributes"]["logger.name"] == "x"


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        (context.Person("1", None, "jane", "jane@example.com"), {"id": "1", "username": "jane"}),
        (context.Person("1", None, "jane@example.com", "jane@example.com"), {"id": "1"}),
        (context.Person("jane@example.com", None, "jane@example.com"), {}),
    ],
)
def test_without_user_email_no_address_leaves_as_a_name(person: context.Person, expected: dict[str, str]) -> None:
    opened = context.Context()
    opened.find_person = lambda: person
    with context.use(opened):
        event = prepared({}, user_email=False)
    foreign = prepared({"user": {"id": 7, "email": "jane@example.com", "ip_address": "10.0.0.1"}}, user_email=False)
    assert event["user"] == expected
    assert foreign["user"] == {"id": 7}
    assert "@" not in str(opened.fields())


RECURSION = """
import django
django.setup()
import logging, sentry_sdk

def deeper(number):
    return deeper(number + 1)

try:
    deeper(0)
except RecursionError as error:
    sentry_sdk.set_tag("which", "recursion")
    sentry_sdk.capture_exception(error)
try:
    for number in range(30):
        try:
            raise ValueError(number) from (error if number else None)
        except ValueError as caught:
            error = caught
    raise error
except ValueError as error:
    sentry_sdk.set_tag("which", "chain")
    sentry_sdk.capture_exception(error)
sentry_sdk.flush()
"""


def test_a_recursion_and_a_long_chain_reach_the_tracker(tracker: Tracker, tmp_path: Path) -> None:
    script = tmp_path / "recursion.py"  # a file, so that there are source lines
    script.write_text(RECURSION)
    assert scripts.run(str(script), SENTRY_DSN=tracker.dsn).returncode == 0
    event = tracker.event(which="recursion")
    frames = event["exception"]["values"][-1]["stacktrace"]["frames"]
    assert len(json.dumps(event)) <= event_size.MAX_BYTES
    assert (len(frames), frames[0]["function"], frames[-1]["function"]) == (100, "<module>", "deeper")
    assert " frames" in event["tags"]["left_out"]
    chain = tracker.event(which="chain")
    assert len(chain["exception"]["values"]) == event_size.MAX_EXCEPTIONS
    assert "10 exceptions" in chain["tags"]["left_out"]


def frame(number: int) -> dict[str, Any]:
    line = f"line {number} " + "x" * 100
    return {"lineno": number, "context_line": line, "pre_context": [line] * 5, "vars": {"a": line}}


def deep() -> dict[str, Any]:
    return {str(one): {str(two): "x " * 900 for two in range(50)} for one in range(50)}


@pytest.mark.parametrize(
    ("given", "left_out"),
    [
        (
            {"exception": {"values": [{"stacktrace": {"frames": [frame(n) for n in range(2_000)]}} for _ in range(5)]}},
            "frames",
        ),
        ({"exception": {"values": [{"value": "x " * 10_000} for _ in range(200)]}}, "exceptions"),
        ({"breadcrumbs": {"values": [{"message": "x " * 1_000, "data": {"a": "y " * 1_000}}] * 300}}, "breadcrumbs"),
        ({"extra": deep()}, "1 extra"),
        ({"contexts": deep()}, "50 contexts"),
        ({"unknown": deep()}, "1 unknown"),
        (
            {"tags": {str(n): "x " * 5_000 for n in range(5_000)}, "modules": {str(n): "x" * 90 for n in range(9_000)}},
            "modules",
        ),
    ],
    ids=["frames", "exceptions", "breadcrumbs", "extra", "contexts", "unknown", "tags"],
)
def test_an_event_is_never_too_large_and_says_what_it_lacks(given: dict[str, Any], left_out: str) -> None:
    event = prepared({"level": "error", **given})
    assert len(json.dumps(event)) <= event_size.MAX_BYTES
    assert left_out in event["tags"]["left_out"]


def with_locals(exceptions: int, frames: int = 100) -> dict[str, Any]:
    """As the SDK makes it of a project that has it send locals: ten of 1 kB for each frame."""
    text = "4111 1111 1111 1111 " + "x y " * 250
    found = [frame(number) | {"vars": dict.fromkeys("abcdefghij", text)} for number in range(frames)]
    return {"exception": {"values": [{"stacktrace": {"frames": deepcopy(found)}} for _ in range(exceptions)]}}


@pytest.mark.parametrize("exceptions", [1, 11])
def test_no_more_is_scrubbed_than_a_request_can_wait_for(exceptions: int, monkeypatch: pytest.MonkeyPatch) -> None:
    judged, scrub_text = [0], scrub.scrub_text

    def count(text: str) -> str:
        judged[0] += len(text)
        return scrub_text(text)

    monkeypatch.setattr(scrub, "scrub_text", count)
    event = prepared(with_locals(exceptions))
    assert 0 < judged[0] <= 1.1 * event_size.MAX_JUDGED
    assert "1111" not in json.dumps(event)
    assert " vars" in event["tags"]["left_out"]


@pytest.mark.parametrize(("exceptions", "kept"), [(1, 10), (3, 3), (7, 1)])
def test_the_innermost_frames_keep_their_locals(exceptions: int, kept: int) -> None:
    raised = prepared(with_locals(exceptions))["exception"]["values"]
    assert len(raised) == exceptions
    for each in raised:
        frames = each["stacktrace"]["frames"]
        assert [found["lineno"] for found in frames if "vars" in found] == list(range(100 - kept, 100))


def test_a_large_part_costs_no_more_of_an_event_than_is_left_of_it() -> None:
    """Its 500 kB become 2 kB in any case, so that no other part has to go for it."""
    raised = {"values": [{"stacktrace": {"frames": [frame(1)]}}]}
    event = prepared({"exception": raised, "extra": {"a": "x " * 250_000}})
    assert ("left_out" in event["tags"], len(event["extra"]["a"]) < 3_000) == (False, True)
    assert event["exception"]["values"][0]["stacktrace"]["frames"][0]["vars"]
