"""Questions about orders; a user sees those of the own organization only."""

from typing import Any

from django.db.models import QuerySet

from orders.models import Order
from organizations.models import User

MOST = 50


def order_list(*, user: User) -> QuerySet[Order]:
    orders = Order.objects.filter(organization_id=user.organization_id)  # type: ignore[misc]  # None has no orders
    return orders.select_related("invoice").prefetch_related("lines__product").order_by("-created_at")


def order_data(order: Order) -> dict[str, Any]:
    """An order as the API shows it."""
    return {
        "number": order.number,
        "status": order.status,
        "total": str(order.total),
        "currency": order.currency,
        "customer": order.customer_id,
        "created_at": order.created_at,
        "tracking_number": order.tracking_number or None,
        "invoice": order.invoice.number if hasattr(order, "invoice") else None,
        "lines": [
            {"product": line.product.sku, "quantity": line.quantity, "unit_price": str(line.unit_price)}
            for line in order.lines.all()
        ],
    }
