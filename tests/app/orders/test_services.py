"""Placing orders: what is counted when, and that two orders can't have the same unit."""

import threading

import pytest
from django.db import connection, transaction
from harness.orders import place
from harness.partner import Partner
from harness.samples import here

from catalog.errors import TooLittleStock
from catalog.models import Product
from orders import metrics
from orders.models import Order
from orders.release import order_release
from organizations.models import User


def counted() -> tuple[float, float, float]:
    return (
        here("erp_orders_total", outcome="placed", reason="ok"),
        here("erp_order_value_euros_count"),
        here("erp_revenue_euros_total"),
    )


def test_a_placed_order_is_counted_with_its_value(demo: User, partner: Partner) -> None:
    orders, values, revenue = counted()
    place(demo, 2)
    assert counted() == (orders + 1, values + 1, pytest.approx(revenue + 15.80))


def test_nothing_is_counted_before_the_commit(demo: User, partner: Partner) -> None:
    before = counted()
    with transaction.atomic():
        place(demo)
        assert counted() == before
    assert counted() != before


def test_an_order_that_is_rolled_back_is_never_counted(demo: User, partner: Partner) -> None:
    before = counted()
    with transaction.atomic():
        place(demo)
        transaction.set_rollback(True)
    assert (counted(), Order.objects.count()) == (before, 0)


def test_the_last_units_are_sold_once(demo: User, stock: Product, partner: Partner) -> None:
    Product.objects.filter(pk=stock.pk).update(stock=5)
    refused: list[TooLittleStock] = []

    def buy() -> None:
        try:
            place(demo)
        except TooLittleStock as refusal:
            refused.append(refusal)
        finally:
            connection.close()

    shoppers = [threading.Thread(target=buy) for _ in range(8)]
    for shopper in shoppers:
        shopper.start()
    for shopper in shoppers:
        shopper.join()
    stock.refresh_from_db()
    assert (stock.stock, len(refused), Order.objects.count()) == (0, 3, 5)


def test_stock_is_released_once_only(demo: User, stock: Product, partner: Partner) -> None:
    order = place(demo, 7)
    Order.objects.filter(pk=order.pk).update(status=Order.Status.PENDING)

    def count() -> None:
        metrics.count_failed(metrics.INTERRUPTED)

    assert order_release(order=order, status=Order.Status.FAILED, count=count)
    assert not order_release(order=order, status=Order.Status.FAILED, count=count)
    stock.refresh_from_db()
    assert stock.stock == 500
