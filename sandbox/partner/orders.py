"""Payments and shipments, checked when they are read from JSON."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from sandbox.bodies import BadRequest, Json, required_text

CURRENCY = re.compile(r"[A-Z]{3}")
MAX_AMOUNT = Decimal(10**9)
MAX_AMOUNT_LENGTH = 40
MAX_LINES = 1000
MAX_QUANTITY = 10**9


@dataclass(frozen=True, slots=True)
class Payment:
    reference: str
    amount: Decimal
    currency: str
    card_token: str

    @classmethod
    def from_json(cls, body: Json) -> "Payment":
        currency = required_text(body, "currency", maximum=3)
        if not CURRENCY.fullmatch(currency):
            raise BadRequest(f"'currency' is {currency!r}; expected three capitals such as EUR.")
        return cls(
            reference=required_text(body, "reference", maximum=100),
            amount=_amount(body.get("amount")),
            currency=currency,
            card_token=required_text(body, "card_token", maximum=100),
        )


@dataclass(frozen=True, slots=True)
class Shipment:
    reference: str
    lines: list[tuple[str, int]]

    @classmethod
    def from_json(cls, body: Json) -> "Shipment":
        reference = required_text(body, "reference", maximum=100)
        lines = body.get("lines")
        if not isinstance(lines, list) or not 1 <= len(lines) <= MAX_LINES:
            raise BadRequest(f"'lines' is missing or wrong; expected a list of 1 to {MAX_LINES} lines.")
        return cls(reference, [_line(position, line) for position, line in enumerate(lines)])


def _amount(found: object) -> Decimal:
    written = str(found) if isinstance(found, str | int | float) and not isinstance(found, bool) else ""
    try:
        amount = Decimal(written) if len(written) <= MAX_AMOUNT_LENGTH else Decimal("NaN")
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not 0 < amount <= MAX_AMOUNT or amount != round(amount, 2):
        shown = repr(str(found)[:40])
        raise BadRequest(f"'amount' is {shown}; expected a sum above 0 with at most two decimals.")
    return amount


def _line(position: int, line: object) -> tuple[str, int]:
    if not isinstance(line, dict):
        raise BadRequest(f"Line {position} is no object; expected a product and a quantity.")
    product, quantity = line.get("product"), line.get("quantity")
    if not isinstance(product, str) or not 0 < len(product) <= 100:
        raise BadRequest(f"Line {position} has no 'product'; expected a text of 1 to 100 characters.")
    if type(quantity) is not int or not 0 < quantity <= MAX_QUANTITY:
        raise BadRequest(f"Line {position} has no 'quantity'; expected a whole number above 0.")
    return product, quantity
