"""What the ERP is there for: orders, money, goods and people. `expected` is the median of four weeks."""

from grafana.dashboards.lib.queries.common import (
    APPLICATION,
    PROCESS,
    RANGE,
    quantile,
    rate_by,
    recorded_of_application,
    total,
)

PLACED = f'{PROCESS},outcome="placed"'

# Orders

ORDERS_PLACED = total("erp_orders_total", PLACED, per=" * 60")
ORDERS_BY_OUTCOME = rate_by("outcome, reason", "erp_orders_total", per=" * 60")
REFUSED_RATIO = recorded_of_application("erp:orders_refused:ratio5m")
CHECKOUT_SECONDS = f"{total('erp_checkout_duration_seconds_sum')} / {total('erp_checkout_duration_seconds_count')}"

# What is normal at this time of the week

DEVIATIONS = 4  # of a count, below which ErpOrdersDropped fires


def against_expected(event: str, *, band: bool = True) -> dict[str, str]:
    """The last half hour, what is expected of it, and what chance explains where things are counted."""
    now, expected = (f'event:business:{each}30m{{{APPLICATION},event="{event}"}}' for each in ("increase", "expected"))
    chance = {
        "lower": f"clamp_min({expected} - {DEVIATIONS} * sqrt({expected}), 0)",
        "upper": f"{expected} + {DEVIATIONS} * sqrt({expected})",
    }
    return {"now": now, "expected": expected, **(chance if band else {})}


# Money

REVENUE = total("erp_revenue_euros_total", per=" * 3600")
REVENUE_IN_RANGE = f"sum(increase(erp_revenue_euros_total{{{PROCESS}}}{RANGE}))"
ORDER_VALUE = f"{total('erp_order_value_euros_sum')} / {total('erp_order_value_euros_count')}"
ORDER_VALUES = {f"p{of:.0%}".rstrip("%"): quantile(of, "erp_order_value_euros") for of in (0.5, 0.95)}
PAYMENT_SUCCESS = recorded_of_application("erp:payment_success:ratio15m")
PAYMENT_SUCCESSES = {
    "ok (15 min)": PAYMENT_SUCCESS,
    "now (3 min)": recorded_of_application("erp:payment_success:ratio3m"),
}
PAYMENT_FAILURES = rate_by(
    "reason", "erp_orders_total", f'{PROCESS},reason=~"no_money|payment_unavailable"', per=" * 60"
)

# From the attempt to the invoice

FUNNEL = {
    "1 tried": f"sum(increase(erp_orders_total{{{PROCESS}}}{RANGE}))",
    "2 placed": f"sum(increase(erp_orders_total{{{PLACED}}}{RANGE}))",
    "3 shipped": f"sum(increase(erp_orders_shipped_total{{{PROCESS}}}{RANGE}))",
    "4 invoiced": f"sum(increase(erp_invoices_issued_total{{{PROCESS}}}{RANGE}))",
}
FULFILLED = {
    "shipped": total("erp_orders_shipped_total", per=" * 60"),
    "invoiced": total("erp_invoices_issued_total", per=" * 60"),
}

# Goods

STOCK = f"max by (category) (erp_stock_level{{{PROCESS}}})"
LOW_STOCK = f"max by (category) (erp_products_low_stock{{{PROCESS}}})"
LOW_STOCK_ALL = f"sum({LOW_STOCK})"
REORDERED = total("erp_stock_reordered_units_total", per=" * 60")

# People

LOGINS = rate_by("outcome", "erp_logins_total", per=" * 60")
LOGINS_OK = total("erp_logins_total", f'{PROCESS},outcome="ok"', per=" * 60")
LOGINS_REFUSED = recorded_of_application("erp:logins_refused:ratio5m")

# What the logs say of it

ORDER_LINES = ' | logger=~"(orders|catalog|integrations).*"'
