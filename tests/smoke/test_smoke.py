"""The checks of `make smoke`, in the order of the summary; the first line of a docstring is the check's line."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

import pytest
import requests

from prometheus.rule_files import all_rules
from tests.smoke.conftest import CHANNELS, COUNTED, REQUESTS, Burst, Order
from tests.smoke.waiting import eventually
from tests.support import stack
from tests.support.alertmanager import Alertmanager
from tests.support.boards import PanelQuery, first_row, load_boards, panel_queries, values_of
from tests.support.erp import VERSION_VIEW, Erp
from tests.support.loki import Entry, Loki
from tests.support.panels import QUIET, available_answers, numbers
from tests.support.prometheus import Prometheus
from tests.support.tracker import Tracker

Seen = Callable[[str], None]
BOARDS = load_boards()
OF_THE_SERIES = {("__name__", "ALERTS"), ("alertstate", "firing")}


def test_services(seen: Seen) -> None:
    """Every service is healthy"""
    eventually(stack.unready, "no service that is unhealthy", 30, until=lambda found: not found)
    seen(f"{len(stack.expected_services())} services")
    killed = [name for name, found in stack.replicas().items() if any(each["State"]["OOMKilled"] for each in found)]
    assert killed == [], f"These containers ran out of memory: {', '.join(killed)}"


def test_health_pages(seen: Seen) -> None:
    """The ERP says that it is alive and ready"""
    for path in ("/livez", "/readyz"):
        answer = requests.get(f"{stack.url('erp-web')}{path}", timeout=10)
        assert answer.status_code == 200, f"{path} answered {answer.status_code}: {answer.text[:300]}"
    seen("/livez and /readyz 200")


def test_targets(prometheus: Prometheus, seen: Seen) -> None:
    """Prometheus scrapes every target"""

    def down() -> list[str]:
        return [f"{t['scrapeUrl']}: {t['lastError']}" for t in prometheus.targets() if t["health"] != "up"]

    eventually(down, "no target down", 40, until=lambda found: not found)
    seen(f"{len(prometheus.targets())} targets up")


def test_probes(prometheus: Prometheus, seen: Seen) -> None:
    """Every probe from outside succeeds"""
    running = "probe_success and time() - timestamp(probe_success) < 60"  # not of a service that is gone for good
    eventually(lambda: prometheus.query(running), "a probe", 40)
    failing = f"({running}) == 0"
    eventually(lambda: prometheus.query(failing), "no probe that fails", 40, until=lambda found: not found)
    seen(f"{len(prometheus.query(running))} probes")


def test_rules(prometheus: Prometheus, seen: Seen) -> None:
    """Prometheus has loaded every rule and evaluates it without an error"""

    def unwell() -> list[str]:
        return [
            f"{rule['name']}: {rule.get('lastError', rule['health'])}"
            for rule in prometheus.rules()
            if rule["health"] != "ok"
        ]

    eventually(unwell, "every rule's health ok", 60, until=lambda found: not found)
    # The rules of rules/own are its user's, and no part of what the checkout is known to have.
    groups = [group for group in prometheus.get("rules")["groups"] if "/rules/own/" not in group["file"]]
    loaded = Counter(rule["name"] for group in groups for rule in group["rules"])
    ours = Counter(rule.get("alert") or rule["record"] for _, rule in all_rules())
    differ = sorted({*(loaded - ours), *(ours - loaded)})
    assert differ == [], (
        f"Prometheus and this checkout differ in {', '.join(differ)}: `make reload` loads the checkout's"
    )
    seen(f"{len(prometheus.rules())} rules")


def test_critical_alerts(prometheus: Prometheus) -> None:
    """No critical alert fires, except silenced ones"""
    silenced = [set(labels.items()) for labels in Alertmanager().silenced()]
    firing = prometheus.query('ALERTS{alertstate="firing",severity="critical"}')
    found = [set(each.labels.items()) - OF_THE_SERIES for each in firing]
    loud = [dict(labels) for labels in found if not any(labels <= each for each in silenced)]
    named = [" ".join(labels.get(name, "") for name in ("alertname", "application", "service")) for labels in loud]
    assert named == [], f"Firing: {', '.join(named)}; `make alerts` says more"


def test_requests_answered(burst: Burst, seen: Seen) -> None:
    """The ERP answers a view that nothing else calls"""
    assert burst.statuses == {200}
    seen(f"{REQUESTS} requests, all 200")


def test_requests_in_loki(burst: Burst, loki: Loki, seen: Seen) -> None:
    """Loki has exactly one access line for each request"""
    found = eventually(partial(burst.lines, loki), f"{REQUESTS} lines", 30, until=lambda found: len(found) >= REQUESTS)
    assert sorted(found) == sorted(burst.ids)
    seen(f"{len(found)} lines")


def test_requests_in_prometheus(burst: Burst, prometheus: Prometheus, seen: Seen) -> None:
    """Prometheus counts exactly these requests"""
    expected = burst.counted_after
    found = eventually(
        lambda: prometheus.value(COUNTED), f"{COUNTED} to be {expected:g}", 40, until=lambda value: value >= expected
    )
    counted = found - burst.counted_before
    assert counted == REQUESTS, (
        f"{counted:g} requests were counted, expected {REQUESTS}: who else calls {VERSION_VIEW}?"
    )
    seen(f"{burst.counted_before:g} + {REQUESTS} = {found:g}")


@pytest.mark.writes
def test_order(order: Order, seen: Seen) -> None:
    """An order is taken, and the answer carries its request id"""
    assert order.answer.status_code == 201, order.answer.text
    assert order.answer.headers["X-Request-ID"] == order.ids.request
    seen(f"order {order.number}, request id {order.ids.request}")


@pytest.mark.writes
def test_order_metric(taken_order: Order, erp: Erp, prometheus: Prometheus, seen: Seen) -> None:
    """The order is counted by the ERP and in Prometheus"""
    counted = erp.counter("erp_orders_total", outcome="placed")
    assert counted > taken_order.counted_before
    query = 'sum(erp_orders_total{job="erp-web",outcome="placed"})'
    eventually(lambda: prometheus.value(query), f"{query} >= {counted:g}", 40, until=lambda value: value >= counted)
    seen(f"{counted:g} orders")


@pytest.mark.writes
def test_order_line(taken_order: Order, loki: Loki) -> None:
    """The order's access line carries its request id and trace id"""

    def access() -> list[Entry]:
        return [each for each in _lines(loki, "erp-web", taken_order) if each.fields["logger"] == "access"]

    (line,) = eventually(access, "the access line of the order", 20)
    assert line.fields["trace_id"] == taken_order.ids.trace
    assert (line.fields["method"], line.fields["status"]) == ("POST", 201)


@pytest.mark.writes
def test_order_tasks(taken_order: Order, loki: Loki, seen: Seen) -> None:
    """The lines of the order's two tasks carry the same ids"""

    def tasks() -> set[str]:
        found = [each.fields for each in _lines(loki, "erp-worker", taken_order)]
        return {each["task_id"] for each in found if each["task_id"] and each["trace_id"] == taken_order.ids.trace}

    found = eventually(tasks, "lines of shipping and invoicing", 40, until=lambda found: len(found) >= 2)
    seen(f"{len(found)} tasks")


@pytest.mark.writes
@pytest.mark.asks_bugsink
def test_error_event(planted_error: str, tracker: Tracker) -> None:
    """The tracker has the error that was planted under the order's request id"""
    events = eventually(lambda: tracker.with_tag("request_id", planted_error), "the planted error's event", 30)
    assert len(events) == 1
    assert events[0].data["exception"]["values"][-1]["value"] == "planted by make smoke"


@pytest.mark.writes
def test_order_panel(taken_order: Order) -> None:
    """A panel draws orders"""
    assert taken_order.number
    board = BOARDS["erp-business"]
    queries = [each for each in panel_queries(board) if "erp_orders_total" in each.expression]
    _answered([queries[0].filled(values_of(board))], with_data=True)


@pytest.mark.parametrize("board", BOARDS)
def test_board(board: str, seen: Seen) -> None:
    """Every panel of the first row is answered"""
    values = values_of(BOARDS[board])
    queries = [query.filled(values) for query in panel_queries(first_row(BOARDS[board]))]
    _answered(queries, with_data="shoppers" in stack.loaded_settings().profiles)
    seen(f"{len(queries)} queries")


@pytest.mark.parametrize("channel", CHANNELS)
def test_channel(channel: str, deliveries: dict[str, Future[None]]) -> None:
    """Alertmanager delivers a test alert"""
    if failure := deliveries[channel].exception(timeout=90):
        pytest.fail(str(failure))


def _lines(loki: Loki, service: str, order: Order) -> list[Entry]:
    query = f'{{service="{service}"}} |= "{order.ids.request}" | json | request_id="{order.ids.request}"'
    return loki.entries(query, seconds=600)


def _answered(queries: list[PanelQuery], *, with_data: bool) -> None:
    """Each query is answered by every way that there is here: straight, and through Grafana where it runs."""
    for answers in available_answers():
        for query in queries:
            if with_data and query.name not in QUIET:
                eventually(partial(numbers, answers, query), f"data for {query.name}", 60, interval=2)
            else:
                numbers(answers, query)
