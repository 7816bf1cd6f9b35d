"""The partner's payments and shipments: what is taken, what is refused, what a repeated call gets."""

import re

import pytest

from tests.sandbox.partner_calls import CALLS, PAYMENT, call
from tests.sandbox.programs import API_KEY, Program


@pytest.mark.parametrize("amount", ["12.50", "1e2", 12.5, 7, 0.1])
def test_payment_is_taken(partner: Program, amount: object) -> None:
    answer = call(partner, "/payments", {**PAYMENT, "amount": amount})
    assert answer.status_code == 201
    assert answer.json()["payment_id"].startswith("pay_")


@pytest.mark.parametrize(("token", "error"), [("tok_no_money", "no_money"), ("4111111111111111", "card_refused")])
def test_card_that_cannot_pay_is_refused(partner: Program, token: str, error: str) -> None:
    answer = call(partner, "/payments", {**PAYMENT, "card_token": token})
    assert (answer.status_code, answer.json()["error"]) == (402, error)


@pytest.mark.parametrize(
    "change",
    [
        {"reference": "r" * 101},
        {"amount": None},
        {"amount": "0"},
        {"amount": True},
        {"amount": "12.345"},
        {"amount": "1e-999999"},
        {"amount": "1e999999999"},
        {"amount": "9" * 3000},
        {"amount": {}},
        {"currency": "eur"},
        {"card_token": " "},
    ],
    ids=lambda change: str(change)[:40],
)
def test_wrong_payment_is_refused_with_the_reason(partner: Program, change: dict[str, object]) -> None:
    answer = call(partner, "/payments", {**PAYMENT, **change})
    assert answer.status_code == 400
    assert next(iter(change)) in answer.json()["detail"]
    assert len(answer.text) < 300


@pytest.mark.parametrize(
    "lines",
    [
        None,
        [],
        {"product": "SKU-1"},
        ["SKU-1"],
        [{"quantity": 1}],
        *([{"product": "p", "quantity": q}] for q in (0, "1", True)),
    ],
    ids=str,
)
def test_wrong_shipment_is_refused_with_the_reason(partner: Program, lines: object) -> None:
    answer = call(partner, "/shipments", {"reference": "O-1", "lines": lines})
    assert answer.status_code == 400
    assert re.search("'lines'|Line 0 is wrong", answer.json()["detail"])


@pytest.mark.parametrize("operation", CALLS)
def test_broken_body_is_refused(partner: Program, operation: str) -> None:
    assert call(partner, CALLS[operation][0], data=b"[]").status_code == 400


@pytest.mark.parametrize("header", [None, "", API_KEY, f"Token {API_KEY}", "Bearer ", "Bearer wrong", "Bearer \xe9"])
def test_call_without_the_key_is_refused(partner: Program, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header.encode("latin-1")}
    answer = partner.request("POST", "/payments", json=PAYMENT, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
