"""Closing an order that will not be placed after all: its stock goes back."""

from collections.abc import Callable

from django.db import transaction

from catalog.services import stock_release
from orders.models import Order


@transaction.atomic
def order_release(*, order: Order, status: Order.Status, count: Callable[[], None]) -> bool:
    """Give the stock of a pending order back and close it; False when somebody else was faster."""
    closed = Order.objects.filter(pk=order.pk, status=Order.Status.PENDING).update(status=status)
    if not closed:
        return False
    stock_release(quantities=dict(order.lines.values_list("product_id", "quantity")))
    order.status = status
    transaction.on_commit(count, robust=True)
    return True
