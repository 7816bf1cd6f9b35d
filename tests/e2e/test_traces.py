"""An order's trace is one tree in the trace store, found by the request's id, and is drawn where its lines lead to."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.support import inside, stack
from tests.support.erp import Erp, Ids
from tests.support.grafana import is_preview
from tests.support.preview import Preview, started
from tests.support.tracker import Tracker
from tests.support.wait import eventually

INSIDE = "inbox"  # a Python program on the store's network
LAST = {"POST api/orders", "process orders.tasks.ship_order", "process orders.tasks.invoice_order"}
"""The spans that end last in web and worker; each process sends them after those within them."""
ADMIN = "admin@erp.example"
ERROR = """
import logging, sys
from django_instrumentation import context
request, trace = sys.argv[1:]
opened = context.from_http(request, f"00-{trace}-{'a' * 16}-01")
with context.use(opened):
    logging.getLogger("orders").error("planted beside a trace")
import sentry_sdk
sentry_sdk.flush(10)
"""


def ask(path: str) -> list[dict[str, Any]]:
    """The traces that Jaeger answers with; an error, such as that it has none yet, is a ValueError."""
    return list(json.loads(inside.fetch(INSIDE, f"http://jaeger:16686/jaeger/api/{path}"))["data"] or [])


def names_of(trace: dict[str, Any]) -> set[str]:
    return {span["operationName"] for span in trace["spans"]}


@pytest.fixture(scope="module")
def ids(erp: Erp) -> Ids:
    """Those of an order, whose caller wants its trace kept."""
    given = Ids.fresh("trace")
    assert erp.place_order(given).status_code == 201
    return given


@pytest.fixture(scope="module")
def trace(ids: Ids) -> dict[str, Any]:
    """The order's trace, once request and tasks are over."""
    (found,) = eventually(
        lambda: ask(f"traces/{ids.trace}"),
        f"request and tasks of {ids.trace} in Jaeger",
        60,
        until=lambda seen: bool(seen) and names_of(seen[0]) >= LAST,
    )
    return dict(found)


def test_an_orders_trace_is_one_tree_from_the_request_to_its_task_and_their_calls(trace: dict[str, Any]) -> None:
    spans = {span["spanID"]: span for span in trace["spans"]}
    (task,) = [span for span in spans.values() if span["operationName"] == "process orders.tasks.ship_order"]
    inner = [span for span in spans.values() if task["spanID"] in {each["spanID"] for each in span["references"]}]
    assert ("POST", "client") in {(span["operationName"], tags_of(span).get("span.kind")) for span in inner}
    roots = [span for span in spans.values() if not {each["spanID"] for each in span["references"]} & set(spans)]
    assert [span["operationName"] for span in roots] == ["POST api/orders"]
    kinds = {(span["operationName"].split()[0], tags_of(span).get("span.kind")) for span in spans.values()}
    assert {("POST", "server"), ("INSERT", "client"), ("POST", "client")} <= kinds
    assert {kind for _, kind in kinds} >= {"server", "client", "producer", "consumer"}


def test_an_orders_whole_trace_is_found_by_its_request_id_within_5_s(erp: Erp) -> None:
    ids = Ids.fresh("found")
    assert erp.place_order(ids).status_code == 201
    tags = quote(json.dumps({"request_id": ids.request}))
    (found,) = eventually(
        lambda: ask(f"traces?service=erp-web&tags={tags}"),
        f"the trace of {ids.request} with its tasks",
        5,
        until=lambda seen: bool(seen) and names_of(seen[0]) >= LAST,
    )
    assert found["traceID"] == ids.trace


def test_every_stored_span_says_why_it_is_kept_and_whose_it_is(trace: dict[str, Any], ids: Ids) -> None:
    process = {name: tags_of(each) for name, each in trace["processes"].items()}
    said = {(each["service.namespace"], each["deployment.environment.name"]) for each in process.values()}
    assert said == {("erp", stack.setting("ENV"))}
    assert {tags_of(span)["sampling_decision"] for span in trace["spans"]} == {"share"}
    (root,) = [tags_of(span) for span in trace["spans"] if span["operationName"] == "POST api/orders"]
    assert root["request_id"] == ids.request
    assert {"user.id", "organization.id", "view"} <= set(root)


@pytest.fixture(scope="module")
def reported(ids: Ids, trace: dict[str, Any]) -> Iterator[str]:
    """The title of an error that is reported in the order's name."""
    inside.run("erp-web", ERROR, ids.request, ids.trace)
    tracker = Tracker()
    (event,) = eventually(lambda: tracker.with_tag("request_id", ids.request), "the error's event", 30)
    yield "planted beside a trace"
    tracker.delete_issue(event.issue)


@pytest.fixture
def preview() -> Iterator[Preview]:
    if not is_preview():
        pytest.fail("Grafana's own view of a trace has no test yet; expected the preview. See promises.md.")
    with started() as chromium, Preview.opened(chromium) as opened:
        yield opened


def test_a_line_leads_to_its_trace_the_trace_to_its_lines_and_a_line_to_its_error_event(
    trace: dict[str, Any], ids: Ids, reported: str, preview: Preview
) -> None:
    lines = {"datasource": "loki", "queries": [{"expr": f'{{service="erp-web"}} | request_id="{ids.request}"'}]}
    preview.open(f"/explore?panes={quote(json.dumps({'a': lines}))}")
    preview.page.click("details summary")
    preview.page.click("details[open] a:text-is('The trace')")
    preview.page.wait_for_selector("section[data-kind=trace][data-state=drawn]")
    rows = preview.page.query_selector_all(".span summary")
    assert len(rows) == len(trace["spans"])
    assert "POST api/orders" in rows[0].inner_text()
    preview.settle()
    of_request = preview.panel("Log lines of its request")
    assert of_request.is_drawn
    assert ids.request in of_request.text
    preview.page.click("text=Its log lines")
    preview.page.wait_for_selector("section[data-kind=logs]")
    preview.settle()
    assert ids.trace in preview.page.input_value("input[aria-label=Query]")
    assert preview.panel("Log lines").is_drawn
    assert preview.complaints == []
    preview.page.click(f"details summary:has-text('{reported}')")
    with preview.page.context.expect_page() as opening:
        preview.page.click("details[open] a:text-is('Its error events')")
    tracker = opening.value
    tracker.fill("input[name=username]", ADMIN)
    tracker.fill("input[name=password]", stack.secret("bugsink_admin_password"))
    tracker.press("input[name=password]", "Enter")
    tracker.wait_for_selector(f"text={reported}")


def test_the_latency_panel_leads_to_the_traces_of_a_view_in_its_window(trace: dict[str, Any], preview: Preview) -> None:
    (root,) = [tags_of(span) for span in trace["spans"] if span["operationName"] == "POST api/orders"]

    def click() -> bool:
        """On the panel's line of the view, whose first point comes with a scrape."""
        preview.open("/d/overview?from=now-15m&to=now")
        preview.pin_tooltip_of("Latency p95 by view")
        links = preview.page.query_selector_all(f".tooltip a:text-matches('Traces of this view: .*{root['view']}$')")
        assert links, f"A link to the traces of {root['view']} in: {preview.page.inner_text('.tooltip')}"
        links[0].click()
        preview.page.wait_for_selector("section[data-kind=traces][data-state=drawn]", timeout=10_000)
        return True

    eventually(click, "the traces of the view", 90, interval=5)
    assert root["view"] in preview.page.inner_text("section[data-kind=traces] h2")
    preview.page.click("section[data-kind=traces] a >> nth=0")
    preview.page.wait_for_selector("section[data-kind=trace][data-state=drawn]")
    # The view answers both; which of its traces is the newest, others decide.
    assert re.search("erp-web (POST|GET) api/orders", preview.page.inner_text(".span >> nth=0"))


def tags_of(of: dict[str, Any]) -> dict[str, Any]:
    """Of a span or a process."""
    return {tag["key"]: tag["value"] for tag in of["tags"]}
