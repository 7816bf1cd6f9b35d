"""An order that can't be taken is refused with a reason and counted, never a server error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.support import stack
from tests.support.erp import Erp, Ids
from tests.support.wait import eventually

LINES = [{"product": "SKU-0001", "quantity": 1}]
BAD_ORDERS: dict[str, tuple[int, str, dict[str, Any]]] = {
    "truncated JSON": (
        400,
        "bad_json",
        {"data": b'{"lines": [', "headers": {"Content-Type": "application/json"}},
    ),
    "no lines": (400, "invalid", {"json": {"card_token": "tok_ok", "lines": []}}),
    "lines of the wrong kind": (400, "invalid", {"json": {"card_token": "tok_ok", "lines": "SKU-0001"}}),
    "negative quantity": (
        400,
        "invalid",
        {"json": {"card_token": "tok_ok", "lines": [{"product": "SKU-0001", "quantity": -1}]}},
    ),
    "unknown product": (
        404,
        "unknown_product",
        {"json": {"card_token": "tok_ok", "lines": [{"product": "SKU-NONE", "quantity": 1}]}},
    ),
    "too little stock": (
        409,
        "too_little_stock",
        {"json": {"card_token": "tok_ok", "lines": [{"product": "SKU-0001", "quantity": 1_000_000}]}},
    ),
    "no money": (402, "no_money", {"json": {"card_token": "tok_no_money", "lines": LINES}}),
}


@dataclass(frozen=True)
class Refusal:
    status: int
    body: dict[str, Any]
    counted: float
    server_errors: float


def server_errors(erp: Erp) -> float:
    return sum(erp.counter("django_http_responses_total_by_status_total", status=s) for s in ("500", "502", "503"))


def refused(erp: Erp, reason: str) -> float:
    return erp.counter("erp_orders_total", outcome="rejected", reason=reason)


@pytest.fixture(scope="module")
def refusals(erp: Erp) -> dict[str, Refusal]:
    """Each bad order once, while the sandbox's shoppers stand still so that counters move by ours alone."""
    assert erp.token
    found = {}
    with stack.paused("traffic"):
        for name, (_, reason, arguments) in BAD_ORDERS.items():
            counted, errors = refused(erp, reason), server_errors(erp)
            answer = erp.send("POST", "/api/orders", Ids.fresh("bad"), **arguments)
            found[name] = Refusal(
                answer.status_code, answer.json(), refused(erp, reason) - counted, server_errors(erp) - errors
            )
    return found


@pytest.mark.parametrize("name", BAD_ORDERS)
def test_bad_order_is_refused_with_its_reason(name: str, refusals: dict[str, Refusal]) -> None:
    status, reason, _ = BAD_ORDERS[name]
    assert (refusals[name].status, refusals[name].body["error"]) == (status, reason)


@pytest.mark.parametrize("name", BAD_ORDERS)
def test_refusal_has_a_sentence(name: str, refusals: dict[str, Refusal]) -> None:
    assert len(refusals[name].body["detail"].split()) >= 3


@pytest.mark.parametrize("name", BAD_ORDERS)
def test_refusal_is_counted_once(name: str, refusals: dict[str, Refusal]) -> None:
    assert refusals[name].counted == 1


@pytest.mark.parametrize("name", BAD_ORDERS)
def test_refusal_is_no_server_error(name: str, refusals: dict[str, Refusal]) -> None:
    assert refusals[name].server_errors == 0


def test_order_without_login_is_refused(erp: Erp) -> None:
    answer = erp.send("POST", "/api/orders", login=False, json={"card_token": "tok_ok", "lines": LINES})
    assert answer.status_code == 401
    assert answer.json()["detail"]


def test_the_erp_takes_good_orders_afterwards(erp: Erp) -> None:
    eventually(lambda: erp.place_order().status_code, "a good order answered by 201", 20, until=lambda s: s == 201)
