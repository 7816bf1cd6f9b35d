"""The payment API."""

from decimal import Decimal

from django.conf import settings

from django_instrumentation.external import declare
from integrations import http

API = "payment"
declare(API, "charge")


def charge(*, reference: str, amount: Decimal, currency: str, card_token: str) -> str:
    """Take the money; the payment's id. Raises Refused or Unavailable."""
    body = {"reference": reference, "amount": str(amount), "currency": currency, "card_token": card_token}
    return http.post(
        f"{settings.PAYMENT_API_URL}/payments",
        api=API,
        operation="charge",
        key=f"payment-{reference}",
        body=body,
        expected="payment_id",
    )
