"""What tests/smoke leaves out of an order's way: counted exactly once, found by its ids without reading the lines."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import requests

from tests.support import stack
from tests.support.erp import Erp, Ids
from tests.support.loki import Loki
from tests.support.wait import eventually


@dataclass(frozen=True)
class Order:
    ids: Ids
    answer: requests.Response
    counted: float  # by how much the counter of placed orders rose


@pytest.fixture(scope="module")
def order(erp: Erp) -> Order:
    """An order placed while the sandbox's shoppers stand still: the counter moves by this one alone."""
    assert erp.token
    ids = Ids.fresh("story")
    with stack.paused("traffic"):
        before = erp.counter("erp_orders_total", outcome="placed")
        answer = erp.place_order(ids)
        return Order(ids, answer, erp.counter("erp_orders_total", outcome="placed") - before)


def test_order_can_be_read(order: Order, erp: Erp) -> None:
    assert order.answer.status_code == 201, order.answer.text
    number = order.answer.json()["number"]
    answer = erp.send("GET", f"/api/orders/{number}")
    assert answer.status_code == 200
    assert answer.json()["number"] == number


def test_order_is_counted_once(order: Order) -> None:
    assert order.counted == 1


def test_ids_are_structured_metadata(order: Order, loki: Loki) -> None:
    query = f'{{service="erp-web"}} | request_id="{order.ids.request}" | trace_id="{order.ids.trace}"'
    eventually(lambda: loki.entries(query, seconds=600), f"a line by {query}", 20)
