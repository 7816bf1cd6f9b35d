"""The payment API breaks: customer, log, tracker, panels and the people on call all get to know."""

import pytest

from tests.drills.conftest import UNPAID, Refused
from tests.drills.runner import Outcome
from tests.support.boards import filled_queries
from tests.support.erp import Erp
from tests.support.loki import Entry, Loki
from tests.support.pages import CHANNELS, Page
from tests.support.panels import available_answers, numbers

RUNBOOK = "docs/runbooks/ExternalApiDown.md"


@pytest.fixture(scope="module")
def lines(refused: Refused) -> list[Entry]:
    """Those of the order's request in the web's log."""
    query = f'{{service="erp-web"}} |= "{refused.ids.request}" | json | request_id="{refused.ids.request}"'
    return Loki().entries(query, seconds=3600)


def pages(outage: Outcome, channel: str) -> list[Page]:
    return [page for page in outage.pages if page.channel == channel]


def test_customer_is_told_to_come_back(refused: Refused) -> None:
    assert refused.answer.status_code == UNPAID
    assert refused.answer.json()["error"] == "payment_unavailable"
    assert int(refused.answer.headers["Retry-After"]) > 0


def test_one_request_id_is_in_response_log_line_and_error_event(refused: Refused, lines: list[Entry]) -> None:
    (access,) = [each for each in lines if each.fields["logger"] == "access"]
    found = {refused.answer.headers["X-Request-ID"], access.fields["request_id"], refused.event.tags["request_id"]}
    assert found == {refused.ids.request}
    assert access.fields["status"] == UNPAID


def test_the_same_trace_id_is_in_log_line_and_error_event(refused: Refused, lines: list[Entry]) -> None:
    assert {each.fields["trace_id"] for each in lines} == {refused.ids.trace}
    assert refused.event.trace_id == refused.ids.trace


def test_log_has_an_error_line_of_the_request(lines: list[Entry]) -> None:
    assert "ERROR" in {each.fields["level"] for each in lines}


def test_error_event_says_where_and_which_release(refused: Refused) -> None:
    assert refused.event.data["environment"] == "sandbox"
    assert refused.event.data["release"]


@pytest.mark.parametrize("channel", CHANNELS)
def test_page_says_how_urgent_it_is_what_is_wrong_and_where_to_look(outage: Outcome, channel: str) -> None:
    page = pages(outage, channel)[0]
    assert page.title.startswith("[CRITICAL]")
    assert "Nothing can be paid" in page.text.replace("&#39;", "'")
    assert RUNBOOK in page.text


def test_pager_opens_and_closes_one_incident(outage: Outcome) -> None:
    (incident,) = {page.incident for page in pages(outage, "pagerduty")}
    assert incident


def test_a_panel_shows_the_failed_calls(outage: Outcome) -> None:
    assert outage.passed
    queries = [each for each in filled_queries() if "external_" in each.expression]
    drawn = [numbers(answers, query) for answers in available_answers() for query in queries]
    assert max((value for values in drawn for value in values), default=0) > 0


def test_the_erp_takes_orders_afterwards(outage: Outcome) -> None:
    assert outage.resolved_after
    assert Erp().place_order().status_code == 201
