"""What is counted about orders, after the commit of what it is about."""

from decimal import Decimal

from prometheus_client import Counter, Histogram, Summary

ORDERS = Counter("erp_orders", "Orders by what came of them and why.", ["outcome", "reason"])
ORDER_VALUE = Histogram(
    "erp_order_value_euros",
    "What placed orders are worth.",
    buckets=(10, 25, 50, 100, 250, 500, 1000, 2500, 10000),
)
REVENUE = Counter("erp_revenue_euros", "What placed orders are worth, in all.")
CHECKOUT_DURATION = Summary("erp_checkout_duration_seconds", "From an order's arrival to its answer.")
SHIPPED = Counter("erp_orders_shipped", "Orders that the shipping company took.")
INVOICED = Counter("erp_invoices_issued", "Invoices that were issued.")

PLACED, REJECTED, FAILED = "placed", "rejected", "failed"
OK, PAYMENT_UNAVAILABLE, INTERRUPTED = "ok", "payment_unavailable", "interrupted"
# Made now, so that the first of a kind shows as a rise.
for _reason in (
    *("bad_json", "invalid", "too_large", "unsupported_media_type"),
    *("unknown_product", "too_little_stock", "no_money"),
):
    ORDERS.labels(REJECTED, _reason)
for _outcome, _reason in ((PLACED, OK), (FAILED, PAYMENT_UNAVAILABLE), (FAILED, INTERRUPTED)):
    ORDERS.labels(_outcome, _reason)


def count_placed(total: Decimal) -> None:
    ORDERS.labels(PLACED, OK).inc()
    ORDER_VALUE.observe(float(total))
    REVENUE.inc(float(total))


def count_rejected(reason: str) -> None:
    ORDERS.labels(REJECTED, reason).inc()


def count_failed(reason: str) -> None:
    ORDERS.labels(FAILED, reason).inc()
