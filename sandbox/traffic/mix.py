"""Plans the orders in a fixed cycle of twenty, so that the share of each kind is always the same."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

CYCLE = 20


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    kind: str
    body: bytes
    expected_status: int


def plan_order(number: int, skus: Sequence[str]) -> PlannedOrder:
    """The order with that running number; its products rotate through the catalogue."""
    lines: list[dict[str, object]] = [{"product": skus[number % len(skus)], "quantity": 1 + number % 3}]
    if number % 4 == 0 and len(skus) > 1:
        lines.append({"product": skus[(number + 1) % len(skus)], "quantity": 1})
    match number % CYCLE:
        case 4:
            return PlannedOrder("no_money", _body(lines, card="tok_no_money"), 402)
        case 9:
            return PlannedOrder("too_little_stock", _body([{**lines[0], "quantity": 1_000_000}]), 409)
        case 14:
            return PlannedOrder("unknown_product", _body([{**lines[0], "product": "SKU-DOES-NOT-EXIST"}]), 404)
        case 19:
            return PlannedOrder("bad_json", b'{"lines": [{"product": ', 400)
    return PlannedOrder("ok", _body(lines), 201)


def _body(lines: list[dict[str, object]], card: str = "tok_ok") -> bytes:
    return json.dumps({"card_token": card, "lines": lines}).encode()
