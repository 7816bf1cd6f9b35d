"""Plans the orders in a fixed cycle of twenty, so that the share of each kind is always the same."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

CYCLE = 20
NO_MONEY_AT, TOO_LITTLE_STOCK_AT, UNKNOWN_PRODUCT_AT, BAD_JSON_AT = 4, 9, 14, 19
ABSURD_QUANTITY = 1_000_000
UNKNOWN_SKU = "SKU-DOES-NOT-EXIST"
BROKEN_BODY = b'{"lines": [{"product": '


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    kind: str
    body: bytes
    expected_status: int


def plan_order(number: int, skus: Sequence[str]) -> PlannedOrder:
    """The order with that running number; its products rotate through the catalogue."""
    lines = [{"product": skus[number % len(skus)], "quantity": 1 + number % 3}]
    if number % 4 == 0 and len(skus) > 1:
        lines.append({"product": skus[(number + 1) % len(skus)], "quantity": 1})
    match number % CYCLE:
        case position if position == NO_MONEY_AT:
            return _planned("no_money", lines, 402, card_token="tok_no_money")  # noqa: S106 - a test card
        case position if position == TOO_LITTLE_STOCK_AT:
            return _planned("too_little_stock", [{**lines[0], "quantity": ABSURD_QUANTITY}], 409)
        case position if position == UNKNOWN_PRODUCT_AT:
            return _planned("unknown_product", [{**lines[0], "product": UNKNOWN_SKU}], 404)
        case position if position == BAD_JSON_AT:
            return PlannedOrder("bad_json", BROKEN_BODY, 400)
        case _:
            return _planned("ok", lines, 201)


def _planned(
    kind: str,
    lines: list[dict[str, object]],
    expected_status: int,
    *,
    card_token: str = "tok_ok",  # noqa: S107 - a test card, not a secret
) -> PlannedOrder:
    body = json.dumps({"card_token": card_token, "lines": lines}).encode()
    return PlannedOrder(kind, body, expected_status)
