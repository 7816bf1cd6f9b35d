"""The partner's payments and shipments: what is taken, what is refused, what a repeated call gets."""

import re

import pytest

from tests.sandbox.partner_calls import PAYMENT, call
from tests.sandbox.programs import API_KEY, Program


def test_payment_is_taken(partner: Program) -> None:
    answer = call(partner, "/payments", PAYMENT)
    assert answer.status_code == 201
    assert answer.json()["payment_id"].startswith("pay_")


@pytest.mark.parametrize(("token", "error"), [("tok_no_money", "no_money"), ("4111111111111111", "card_refused")])
def test_card_that_cannot_pay_is_refused(partner: Program, token: str, error: str) -> None:
    answer = call(partner, "/payments", {**PAYMENT, "card_token": token})
    assert (answer.status_code, answer.json()["error"]) == (402, error)


@pytest.mark.parametrize(
    "change",
    [
        *({"amount": amount} for amount in (12.5, "0.00", "12.345", "9" * 3000)),
        {"reference": "r" * 101},
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
    [None, [], ["SKU-1"], [{"quantity": 1}], *([{"product": "p", "quantity": q}] for q in (0, "1", True))],
    ids=str,
)
def test_wrong_shipment_is_refused_with_the_reason(partner: Program, lines: object) -> None:
    answer = call(partner, "/shipments", {"reference": "O-1", "lines": lines})
    assert answer.status_code == 400
    assert re.search("'lines'|Line 0 is wrong", answer.json()["detail"])


@pytest.mark.parametrize("header", [None, API_KEY, "Bearer ", "Bearer wrong", "Bearer \xe9"])
def test_call_without_the_key_is_refused(partner: Program, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header.encode("latin-1")}
    answer = partner.request("POST", "/payments", json=PAYMENT, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
