"""Calls of the partner API as the ERP makes them."""

from typing import Any

import requests

from tests.sandbox.programs import API_KEY, Program

PAYMENT = {"reference": "O-1", "amount": "12.50", "currency": "EUR", "card_token": "tok_ok"}
SHIPMENT = {"reference": "O-1", "lines": [{"product": "SKU-0001", "quantity": 2}]}
CALLS = {"payment": ("/payments", PAYMENT), "shipping": ("/shipments", SHIPMENT)}


def call(partner: Program, path: str, body: object = None, **arguments: Any) -> requests.Response:
    given = {"json": body} if body is not None else {}
    return partner.request("POST", path, headers={"Authorization": f"Bearer {API_KEY}"}, **given, **arguments)
