"""Placing an order: reserve stock, take the money, confirm. No transaction waits for the payment."""

import logging
from collections.abc import Mapping

from django.db import transaction

from catalog.services import stock_reserve
from customers.models import Customer
from integrations import payments
from integrations.errors import Refused, Unavailable
from orders import metrics
from orders.errors import NoMoney, PaymentUnavailable
from orders.models import Order, OrderLine
from orders.release import order_release
from orders.tasks import invoice_order, ship_order
from organizations.models import User

logger = logging.getLogger(__name__)


def order_place(*, user: User, customer: Customer, card_token: str, quantities: Mapping[str, int]) -> Order:
    """A paid order, or UnknownProduct, TooLittleStock, NoMoney or PaymentUnavailable and no stock kept."""
    order = _order_reserve(user=user, customer=customer, quantities=quantities)
    try:
        payment_id = payments.charge(
            reference=order.number, amount=order.total, currency=order.currency, card_token=card_token
        )
    except Refused as refusal:
        order_release(order=order, status=Order.Status.REJECTED, count=lambda: metrics.count_rejected(NoMoney.code))
        logger.info("payment of order %s was refused: %s", order.number, refusal.code)
        raise NoMoney(f"The payment was refused: {refusal.detail}") from refusal
    except Unavailable as failure:
        order_release(
            order=order,
            status=Order.Status.FAILED,
            count=lambda: metrics.count_failed(metrics.PAYMENT_UNAVAILABLE),
        )
        # A line at ERROR with an exception is an error event, too.
        logger.error("order %s failed: %s", order.number, failure, exc_info=failure)
        raise PaymentUnavailable("The payment company doesn't answer; nothing was ordered. Try again.") from failure
    _order_confirm(order=order, payment_id=payment_id)
    return order


@transaction.atomic
def _order_reserve(*, user: User, customer: Customer, quantities: Mapping[str, int]) -> Order:
    products = stock_reserve(quantities=quantities)
    order = Order.objects.create(
        organization_id=customer.organization_id,
        customer=customer,
        placed_by=user,
        total=sum(product.price * quantities[sku] for sku, product in products.items()),
    )
    OrderLine.objects.bulk_create(
        OrderLine(order=order, product=product, quantity=quantities[sku], unit_price=product.price)
        for sku, product in products.items()
    )
    return order


@transaction.atomic
def _order_confirm(*, order: Order, payment_id: str) -> None:
    order.status, order.payment_id = Order.Status.PAID, payment_id
    order.save(update_fields=("status", "payment_id"))
    # Robust: the order stands, whatever becomes of these; finish_orders sends again what wasn't sent.
    # No partials: Django wants a function's name when it fails, which a partial hasn't got.
    transaction.on_commit(lambda: metrics.count_placed(order.total), robust=True)
    transaction.on_commit(lambda: logger.info("order %s was placed", order.number), robust=True)
    transaction.on_commit(lambda: ship_order.delay(order.pk), robust=True)
    transaction.on_commit(lambda: invoice_order.delay(order.pk), robust=True)
