"""Shipping and invoicing, each safe to be done twice, and the sweep over orders that were left lying."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from harness.orders import place
from harness.partner import Partner
from harness.samples import here

from catalog.models import Product
from integrations.errors import Unavailable
from orders.fulfilment import order_invoice, order_ship, orders_take_unattended
from orders.models import Invoice, Order
from orders.tasks import finish_orders, ship_order
from organizations.models import User


def forget(order: Order, **fields: object) -> None:
    """Make it look as if nothing had happened to it for long."""
    Order.objects.filter(pk=order.pk).update(attended_at=timezone.now() - timedelta(hours=1), **fields)


def test_a_paid_order_is_shipped_once(demo: User, partner: Partner) -> None:
    order = place(demo, 3)
    shipped = here("erp_orders_shipped_total")
    order_ship(order_id=order.pk)
    order_ship(order_id=order.pk)
    order.refresh_from_db()
    assert (order.status, order.tracking_number) == (Order.Status.SHIPPED, "TRACK-1")
    _, shipment = partner.calls
    assert shipment.json == {"reference": order.number, "lines": [{"product": "SKU-0001", "quantity": 3}]}
    assert shipment.headers["idempotency-key"] == f"shipment-{order.number}"
    assert here("erp_orders_shipped_total") == shipped + 1


def test_a_paid_order_is_invoiced_once(demo: User, partner: Partner) -> None:
    order = place(demo)
    issued = here("erp_invoices_issued_total")
    order_invoice(order_id=order.pk)
    order_invoice(order_id=order.pk)
    assert Invoice.objects.get().amount == order.total
    assert here("erp_invoices_issued_total") == issued + 1


def test_a_shipment_is_tried_again_when_the_api_is_broken(demo: User, partner: Partner) -> None:
    order = place(demo)
    partner.mode = "error"
    with pytest.raises(Unavailable):
        order_ship(order_id=order.pk)
    order.refresh_from_db()
    assert order.status == Order.Status.PAID
    assert Unavailable in ship_order.autoretry_for


def test_a_forgotten_paid_order_is_finished(demo: User, partner: Partner) -> None:
    order = place(demo)
    assert orders_take_unattended() == ([], [])
    forget(order)
    assert orders_take_unattended() == ([], [order])
    assert orders_take_unattended() == ([], [])
    forget(order, status=Order.Status.SHIPPED)
    assert orders_take_unattended() == ([], [order])
    order_invoice(order_id=order.pk)
    forget(order)
    assert orders_take_unattended() == ([], [])


def test_an_interrupted_order_gives_its_stock_back_and_is_reported(
    demo: User, partner: Partner, stock: Product, lines: list[dict[str, Any]]
) -> None:
    order = place(demo, 9)
    forget(order, status=Order.Status.PENDING)
    counted = here("erp_orders_total", outcome="failed", reason="interrupted")
    finish_orders.run()
    order.refresh_from_db()
    stock.refresh_from_db()
    assert (order.status, stock.stock) == (Order.Status.FAILED, 500)
    assert here("erp_orders_total", outcome="failed", reason="interrupted") == counted + 1
    assert [line["level"] for line in lines if order.number in line["message"]].count("ERROR") == 1
