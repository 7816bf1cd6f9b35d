"""What a payment and a shipment must have."""

from decimal import Decimal, InvalidOperation

from sandbox.bodies import BadRequest, Json, required_text

MAX_AMOUNT = Decimal(10**9)
MAX_AMOUNT_LENGTH = 40


def checked_payment(body: Json) -> tuple[str, str]:
    """The sum with its currency, and the card's token."""
    required_text(body, "reference", maximum=100)
    currency = required_text(body, "currency", maximum=3)
    if not currency.isalpha() or not currency.isupper():
        raise BadRequest(f"'currency' is {currency!r}; expected three capitals such as EUR.")
    return f"{_amount(body.get('amount'))} {currency}", required_text(body, "card_token", maximum=100)


def check_shipment(body: Json) -> None:
    required_text(body, "reference", maximum=100)
    lines = body.get("lines")
    if not isinstance(lines, list) or not lines:
        raise BadRequest("'lines' is missing or wrong; expected a list with at least one line.")
    for position, line in enumerate(lines):
        product, quantity = (line.get("product"), line.get("quantity")) if isinstance(line, dict) else (None, None)
        if not isinstance(product, str) or type(quantity) is not int or quantity < 1:
            raise BadRequest(f"Line {position} is wrong; expected a 'product' and a 'quantity' of at least 1.")


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
