"""Shipping and invoicing of paid orders, each safe to run twice, and finding orders that were left unfinished."""

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from integrations import shipping
from orders import metrics
from orders.models import Invoice, Order
from orders.release import order_release

UNATTENDED = timedelta(minutes=3)
AT_ONCE = 500
"""What a broker that takes nothing for ten minutes leaves: more would wait a minute for the next sweep."""
logger = logging.getLogger(__name__)


def order_ship(*, order_id: int) -> None:
    order = Order.objects.get(pk=order_id)
    if order.status != Order.Status.PAID:
        return
    quantities = dict(order.lines.values_list("product__sku", "quantity"))
    tracking_number = shipping.ship(reference=order.number, quantities=quantities)
    with transaction.atomic():
        shipped = Order.objects.filter(pk=order.pk, status=Order.Status.PAID).update(
            status=Order.Status.SHIPPED, tracking_number=tracking_number
        )
        if shipped:
            transaction.on_commit(metrics.SHIPPED.inc, robust=True)
    logger.info("order %s was shipped", order.number)


def order_invoice(*, order_id: int) -> None:
    order = Order.objects.get(pk=order_id)
    with transaction.atomic():
        _, created = Invoice.objects.get_or_create(
            order=order, defaults={"number": f"INV-{order.number.removeprefix('O-')}", "amount": order.total}
        )
        if created:
            transaction.on_commit(metrics.INVOICED.inc, robust=True)
    logger.info("order %s was invoiced", order.number)


@transaction.atomic
def orders_take_unattended() -> tuple[list[Order], list[Order]]:
    """Orders that nothing happened to for minutes: with an unknown payment, and paid ones with work left."""
    before = timezone.now() - UNATTENDED
    waiting = Order.objects.select_for_update(skip_locked=True, of=("self",)).filter(attended_at__lt=before)
    pending = _take(waiting.filter(status=Order.Status.PENDING))
    unshipped = Q(status=Order.Status.PAID)
    uninvoiced = Q(status__in=(Order.Status.PAID, Order.Status.SHIPPED), invoice=None)
    unfinished = _take(waiting.filter(unshipped | uninvoiced))
    return pending, unfinished


def _take(orders: QuerySet[Order]) -> list[Order]:
    taken = list(orders.order_by("attended_at")[:AT_ONCE])
    Order.objects.filter(pk__in=[order.pk for order in taken]).update(attended_at=timezone.now())
    return taken


def order_interrupt(*, order: Order) -> None:
    """Close an order whose request died between reserving and confirming."""
    if order_release(order=order, status=Order.Status.FAILED, count=lambda: metrics.count_failed(metrics.INTERRUPTED)):
        logger.error(
            "order %s was interrupted: whether it was paid is unknown; its stock was released, "
            "look for payment-%s at the payment company",
            order.number,
            order.number,
        )
