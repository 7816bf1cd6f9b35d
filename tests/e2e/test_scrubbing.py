"""What must never leave the ERP stays there: no log line, error event or task tells it, in Loki and in Bugsink."""

import json
from collections.abc import Iterable

import pytest

from tests.app.instrumentation.corpus import CORPUS
from tests.support import inside
from tests.support.erp import Erp, Ids
from tests.support.loki import Entry, Loki
from tests.support.tracker import ErrorEvent, Tracker
from tests.support.wait import eventually

FILTERED = "[filtered]"
LINES_PER_TEXT = 4  # message, argument, field, exception
TELL = """
import json, logging, sys
import sentry_sdk
from django_instrumentation import context
from orders.tasks import ship_order

request_id, texts = sys.argv[1], json.loads(sys.argv[2])
log = logging.getLogger("corpus")
joined = chr(10).join(texts)
with context.use(context.Context(request_id=request_id)):
    for text in texts:
        log.warning(text)
        log.warning("an argument: %s", text)
        log.warning("a field", extra={"details": {"note": text, "password": text}})
        try:
            raise ValueError(text)
        except ValueError:
            log.warning("an exception", exc_info=True)
    sentry_sdk.set_extra("texts", texts)
    sentry_sdk.set_context("order", {"card_number": "4111", "notes": joined})
    try:
        raise ValueError(joined)
    except ValueError as error:
        sentry_sdk.capture_exception(error)
    sentry_sdk.capture_message(joined)
    ship_order.delay(joined)
sentry_sdk.flush(10)
"""


@pytest.fixture(scope="module")
def request_id() -> str:
    """Everything in the corpus told once by every channel, under this id."""
    ids = Ids.fresh("corpus")
    inside.run("erp-web", TELL, ids.request, json.dumps([text for text, _ in CORPUS]))
    return ids.request


def lines(loki: Loki, service: str, request_id: str) -> list[Entry]:
    return loki.entries(f'{{service="{service}"}} | request_id="{request_id}"', seconds=600, limit=5000)


def assert_nothing_is_told(texts: Iterable[str]) -> None:
    for text in texts:
        told = [secret for _, secret in CORPUS if secret in text]
        assert told == [], text


def test_log_lines_tell_nothing(request_id: str, loki: Loki) -> None:
    found = eventually(
        lambda: [each for each in lines(loki, "erp-web", request_id) if each.fields["logger"] == "corpus"],
        "every line of the corpus",
        30,
        until=lambda seen: len(seen) == LINES_PER_TEXT * len(CORPUS),
    )
    assert_nothing_is_told(each.line for each in found)
    assert [each.line for each in found if FILTERED not in each.line] == []


def test_error_events_tell_nothing(request_id: str, tracker: Tracker) -> None:
    found = eventually(
        lambda: tracker.with_tag("request_id", request_id),
        "an event of an exception, of a message and of a task",
        40,
        until=lambda seen: {kind(event) for event in seen} == {"exception", "message", "task"},
    )
    assert_nothing_is_told(json.dumps(event.data, ensure_ascii=False) for event in found)
    assert [event for event in found if FILTERED not in json.dumps(event.data)] == []


def kind(event: ErrorEvent) -> str:
    if "exception" not in event.data:
        return "message"
    return "task" if "task_id" in event.tags else "exception"


def test_lines_of_the_task_tell_nothing(request_id: str, loki: Loki) -> None:
    def failed() -> list[Entry]:
        return [each for each in lines(loki, "erp-worker", request_id) if each.fields.get("exception")]

    eventually(failed, "the line of the failed task", 40)
    assert_nothing_is_told(each.line for each in lines(loki, "erp-worker", request_id))


def test_what_a_client_sends_is_not_repeated(erp: Erp, loki: Loki) -> None:
    ids = Ids.fresh("client")
    texts = [text for text, _ in CORPUS]
    headers = {**ids.headers, "User-Agent": texts[5], "Referer": texts[0], "Cookie": "sessionid=hunter2"}
    body = {"card_token": "tok_hunter2", "notes": texts, "lines": []}
    answer = erp.send("POST", "/api/orders?password=hunter2", headers=headers, json=body)
    assert answer.status_code == 400
    found = eventually(lambda: lines(loki, "erp-web", ids.request), "the access line", 20)
    assert_nothing_is_told(each.line for each in found)
