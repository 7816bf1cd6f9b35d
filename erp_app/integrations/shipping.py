"""The shipping API."""

from collections.abc import Mapping

from django.conf import settings

from django_instrumentation.external import declare
from integrations import http

API = "shipping"
declare(API, "ship")


def ship(*, reference: str, quantities: Mapping[str, int]) -> str:
    """Have these quantities, by SKU, shipped; the tracking number. Raises Refused or Unavailable."""
    lines = [{"product": sku, "quantity": quantity} for sku, quantity in quantities.items()]
    return http.post(
        f"{settings.SHIPPING_API_URL}/shipments",
        api=API,
        operation="ship",
        key=f"shipment-{reference}",
        body={"reference": reference, "lines": lines},
        expected="tracking_number",
    )
