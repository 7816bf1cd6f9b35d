"""The tracker groups what is the same and keeps apart what isn't; each event is counted once."""

import pytest

from tests.support import inside
from tests.support.erp import Ids
from tests.support.tracker import ErrorEvent, Tracker
from tests.support.wait import eventually

TELL = """
import sys
import sentry_sdk
from django_instrumentation import context


def ship(marker):
    raise LookupError(f"no carrier for {marker}")


def bill(marker):
    raise PermissionError(f"no invoice for {marker}")


request_id = sys.argv[1]
with context.use(context.Context(request_id=request_id)):
    for work in (ship, ship, bill):
        try:
            work(request_id)
        except Exception as error:
            sentry_sdk.capture_exception(error)
    sentry_sdk.capture_message(f"stock is low for {request_id}", level="warning")
sentry_sdk.flush(10)
"""


@pytest.fixture(scope="module")
def events(tracker: Tracker) -> list[ErrorEvent]:
    """Two equal errors, a different one and a message, reported under one fresh id."""
    ids = Ids.fresh("grouping")
    inside.run("erp-web", TELL, ids.request)
    found: list[ErrorEvent] = eventually(
        lambda: tracker.with_tag("request_id", ids.request), "four events", 30, until=lambda seen: len(seen) >= 4
    )
    return found


def of_type(events: list[ErrorEvent], name: str) -> list[ErrorEvent]:
    values = [(event, event.data.get("exception", {}).get("values", [])) for event in events]
    return [event for event, chain in values if chain and chain[-1]["type"] == name]


def test_each_is_one_event(events: list[ErrorEvent]) -> None:
    assert len(events) == 4
    assert [len(of_type(events, name)) for name in ("LookupError", "PermissionError")] == [2, 1]


def test_two_equal_errors_are_one_issue(events: list[ErrorEvent]) -> None:
    assert len({event.issue for event in of_type(events, "LookupError")}) == 1


def test_two_different_errors_are_two_issues(events: list[ErrorEvent]) -> None:
    assert len({event.issue for event in events}) == 3


def test_a_message_comes_with_its_level(events: list[ErrorEvent]) -> None:
    (message,) = [event for event in events if "exception" not in event.data]
    assert message.data["level"] == "warning"
