"""One order over HTTP, followed by its ids: response, metric, log lines of web and worker, panel."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import requests

from tests.support import stack
from tests.support.boards import filled_queries
from tests.support.erp import Erp, Ids
from tests.support.loki import Entry, Loki
from tests.support.panels import Answers, numbers
from tests.support.prometheus import Prometheus
from tests.support.wait import eventually


@dataclass(frozen=True)
class Order:
    ids: Ids
    answer: requests.Response
    counted: float  # by how much the counter of placed orders rose
    total: float  # what it stands at since


def placed(erp: Erp) -> float:
    return erp.counter("erp_orders_total", outcome="placed")


@pytest.fixture(scope="module")
def order(erp: Erp) -> Order:
    """An order placed while the sandbox's shoppers stand still: the counter moves by this one alone."""
    assert erp.token
    ids = Ids.fresh("story")
    with stack.paused("traffic"):
        before = placed(erp)
        answer = erp.place_order(ids)
        after = placed(erp)
    return Order(ids, answer, after - before, after)


def lines(loki: Loki, service: str, ids: Ids) -> list[Entry]:
    query = f'{{service="{service}"}} |= "{ids.request}" | json | request_id="{ids.request}"'
    return loki.entries(query, seconds=600)


def test_order_is_taken(order: Order) -> None:
    assert order.answer.status_code == 201, order.answer.text
    assert {"number", "status", "total"} <= set(order.answer.json())


def test_response_carries_the_request_id(order: Order) -> None:
    assert order.answer.headers["X-Request-ID"] == order.ids.request


def test_order_can_be_read(order: Order, erp: Erp) -> None:
    number = order.answer.json()["number"]
    answer = erp.send("GET", f"/api/orders/{number}")
    assert answer.status_code == 200
    assert answer.json()["number"] == number


def test_order_is_counted_once(order: Order) -> None:
    assert order.counted == 1


def test_count_arrives_in_prometheus(order: Order, prometheus: Prometheus) -> None:
    query = 'sum(erp_orders_total{job="erp-web",outcome="placed"})'
    eventually(lambda: prometheus.value(query), f"{query} >= {order.total:g}", 30, until=lambda v: v >= order.total)


def test_access_line_carries_both_ids(order: Order, loki: Loki) -> None:
    def access() -> list[Entry]:
        return [each for each in lines(loki, "erp-web", order.ids) if each.fields["logger"] == "access"]

    (line,) = eventually(access, "the access line of the order", 20)
    fields = line.fields
    assert fields["trace_id"] == order.ids.trace
    assert (fields["method"], fields["status"], fields["level"]) == ("POST", 201, "INFO")
    assert 0 < fields["duration"] < 30
    assert fields["user_id"]


def test_task_lines_carry_both_ids(order: Order, loki: Loki) -> None:
    def tasks() -> set[str]:
        found = [each.fields for each in lines(loki, "erp-worker", order.ids)]
        return {each["task_id"] for each in found if each["task_id"] and each["trace_id"] == order.ids.trace}

    eventually(tasks, "lines of the shipping and the invoicing task", 40, until=lambda seen: len(seen) >= 2)


def test_ids_are_structured_metadata(order: Order, loki: Loki) -> None:
    query = f'{{service="erp-web"}} | request_id="{order.ids.request}" | trace_id="{order.ids.trace}"'
    eventually(lambda: loki.entries(query, seconds=600), f"a line by {query}", 20)


def test_a_panel_shows_orders(order: Order, prometheus: Prometheus, panel_answers: list[Answers]) -> None:
    assert order.counted
    queries = [each for each in filled_queries(prometheus.label_values) if "erp_orders_total" in each.expression]
    assert queries, "no committed board has a panel that reads erp_orders_total"
    for answers in panel_answers:

        def highest(answers: Answers = answers) -> float:
            return max(numbers(answers, queries[0]), default=0)

        eventually(highest, f"orders drawn by {queries[0].name}", 30)
