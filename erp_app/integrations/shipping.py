"""The shipping API."""

from collections.abc import Mapping

from django.conf import settings

from django_o11y.external import declare
from integrations import http

SERVICE = "shipping"
declare(SERVICE, "ship")


def ship(*, reference: str, quantities: Mapping[str, int]) -> str:
    """Have these quantities, by SKU, shipped; the tracking number. Raises Refused or Unavailable."""
    lines = [{"product": sku, "quantity": quantity} for sku, quantity in quantities.items()]
    return http.post(
        f"{settings.SHIPPING_API_URL}/shipments",
        service=SERVICE,
        operation="ship",
        key=f"shipment-{reference}",
        body={"reference": reference, "lines": lines},
        expected="tracking_number",
    )
