"""The payment API breaks: customer, log, tracker, panels and the people on call all get to know."""

from __future__ import annotations

import time
from dataclasses import dataclass

import pytest
import requests

from tests.support import partner
from tests.support.boards import filled_queries
from tests.support.erp import Erp, Ids
from tests.support.loki import Entry, Loki
from tests.support.pages import CHANNELS, Page, Pages
from tests.support.panels import Answers, numbers
from tests.support.prometheus import Prometheus
from tests.support.tracker import ErrorEvent, Tracker
from tests.support.wait import eventually

pytestmark = pytest.mark.alone

ALERT = "ErpExternalApiDown"
SUMMARY = "The payment API is down"
FIRING_SECONDS = 240  # a minute without a success, for: 30s, two intervals of 10 s, group_wait: 5s; then patience
RESOLVED_SECONDS = 240  # the next evaluation after the first success, group_interval: 1m; then patience


@dataclass(frozen=True)
class Outage:
    ids: Ids
    answer: requests.Response
    event: ErrorEvent
    fired: dict[str, Page]
    resolved: dict[str, Page]
    seconds_to_page: float


@pytest.fixture(scope="module")
def outage(erp: Erp, pages: Pages, tracker: Tracker) -> Outage:
    """Break the payment API until every channel has paged, put it right until every channel has said so."""
    ids = Ids.fresh("outage")
    assert erp.token
    begun = time.time()
    with partner.broken("payment"):
        answer = erp.place_order(ids)
        event = eventually(
            lambda: tracker.with_tag("request_id", ids.request), f"an error event tagged {ids.request}", 20
        )[0]
        fired = {channel: wait_for_page(pages, channel, begun, False) for channel in CHANNELS}
    resolved = {channel: wait_for_page(pages, channel, begun, True) for channel in CHANNELS}
    return Outage(ids, answer, event, fired, resolved, min(p.received_at for p in fired.values()) - begun)


def wait_for_page(pages: Pages, channel: str, since: float, resolution: bool) -> Page:
    return eventually(
        lambda: pages.about(SUMMARY, channel, since=since, resolution=resolution),
        f"a {'resolution' if resolution else 'page'} '{SUMMARY}' by {channel}",
        RESOLVED_SECONDS if resolution else FIRING_SECONDS,
        interval=1,
    )[0]


def outage_lines(loki: Loki, outage: Outage) -> list[Entry]:
    query = f'{{service="erp-web"}} |= "{outage.ids.request}" | json | request_id="{outage.ids.request}"'
    return loki.entries(query, seconds=1800)


def test_customer_is_told_to_come_back(outage: Outage) -> None:
    assert outage.answer.status_code == 503
    assert outage.answer.json()["error"] == "payment_unavailable"
    assert int(outage.answer.headers["Retry-After"]) > 0


def test_one_request_id_is_in_response_log_line_and_error_event(outage: Outage, loki: Loki) -> None:
    (access,) = [each for each in outage_lines(loki, outage) if each.fields["logger"] == "access"]
    found = {
        outage.answer.headers["X-Request-ID"],
        access.fields["request_id"],
        outage.event.tags["request_id"],
    }
    assert found == {outage.ids.request}
    assert access.fields["status"] == 503


def test_the_same_trace_id_is_in_log_line_and_error_event(outage: Outage, loki: Loki) -> None:
    logged = {each.fields["trace_id"] for each in outage_lines(loki, outage)}
    assert logged == {outage.ids.trace}
    assert outage.event.trace_id == outage.ids.trace


def test_log_has_an_error_line_of_the_request(outage: Outage, loki: Loki) -> None:
    levels = {each.fields["level"] for each in outage_lines(loki, outage)}
    assert "ERROR" in levels


def test_error_event_says_where_and_which_release(outage: Outage) -> None:
    assert outage.event.data["environment"] == "sandbox"
    assert outage.event.data["release"]


@pytest.mark.parametrize("channel", CHANNELS)
def test_page_arrives(channel: str, outage: Outage, report: list[str]) -> None:
    assert outage.fired[channel].title.startswith("[CRITICAL]")
    report.append(f"Payment API broken to first page: {outage.seconds_to_page:.0f} s.")


@pytest.mark.parametrize("channel", CHANNELS)
def test_page_says_what_and_where_to_look(channel: str, outage: Outage) -> None:
    text = outage.fired[channel].text
    assert "Orders can't be paid" in text.replace("&#39;", "'")
    assert f"docs/runbooks/{ALERT}.md" in text


@pytest.mark.parametrize("channel", CHANNELS)
def test_resolution_arrives(channel: str, outage: Outage) -> None:
    assert outage.resolved[channel].received_at > outage.fired[channel].received_at


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("kind", ["fired", "resolved"])
def test_no_value_is_left_unrendered(kind: str, channel: str, outage: Outage) -> None:
    page: Page = getattr(outage, kind)[channel]
    assert page.unrendered == []


def test_pager_opens_and_closes_one_incident(outage: Outage) -> None:
    opened, closed = outage.fired["pagerduty"], outage.resolved["pagerduty"]
    assert opened.incident == closed.incident != ""


def test_a_panel_shows_the_failed_calls(outage: Outage, prometheus: Prometheus, panel_answers: list[Answers]) -> None:
    assert outage.seconds_to_page
    queries = [each for each in filled_queries(prometheus.label_values) if "external_" in each.expression]
    drawn = [numbers(answers, query) for answers in panel_answers for query in queries]
    assert max((value for values in drawn for value in values), default=0) > 0


def test_the_erp_takes_orders_afterwards(outage: Outage, erp: Erp) -> None:
    assert outage.resolved
    assert erp.place_order().status_code == 201
