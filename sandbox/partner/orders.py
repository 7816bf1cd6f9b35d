"""What a payment and a shipment must have."""

import re

from sandbox.bodies import BadRequest, Json, required_text

AMOUNT = re.compile(r"(?!0+\.00)\d{1,12}\.\d\d")


def checked_payment(body: Json) -> tuple[str, str]:
    """The sum with its currency, and the card's token."""
    required_text(body, "reference", maximum=100)
    amount, currency = required_text(body, "amount", maximum=15), required_text(body, "currency", maximum=3)
    if not AMOUNT.fullmatch(amount):
        raise BadRequest(f"'amount' is {amount!r}; expected a sum above 0 with two decimals, such as \"12.50\".")
    if not currency.isalpha() or not currency.isupper():
        raise BadRequest(f"'currency' is {currency!r}; expected three capitals such as EUR.")
    return f"{amount} {currency}", required_text(body, "card_token", maximum=100)


def check_shipment(body: Json) -> None:
    required_text(body, "reference", maximum=100)
    lines = body.get("lines")
    if not isinstance(lines, list) or not lines:
        raise BadRequest("'lines' is missing or wrong; expected a list with at least one line.")
    for position, line in enumerate(lines):
        product, quantity = (line.get("product"), line.get("quantity")) if isinstance(line, dict) else (None, None)
        if not isinstance(product, str) or type(quantity) is not int or quantity < 1:
            raise BadRequest(f"Line {position} is wrong; expected a 'product' and a 'quantity' of at least 1.")
