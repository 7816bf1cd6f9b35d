"""Business: orders against what is normal, money, goods and people."""

from grafana_foundation_sdk.models import dashboard as models

from grafana.dashboards.lib.alerts import BUSINESS, linked, watched
from grafana.dashboards.lib.layout import INSTANCE, Section, board, identity, row
from grafana.dashboards.lib.panels import bars, level, lines, number
from grafana.dashboards.lib.queries import business
from grafana.dashboards.lib.sections import log_section
from grafana.dashboards.lib.style import COUNT, EUROS, PER_MINUTE, RATIO, SECONDS

PAYMENTS = watched("ErpPaymentsFailing", reads="erp:payment_success:ratio15m")
REFUSED = watched("ErpOrdersRefused")
LOGINS = watched("ErpLoginsRefused")
USUAL = watched("ErpOrdersDropped", reads="event:business:ratio30m")
NOW = row(
    number("Orders placed: paid and committed.", business.ORDERS_PLACED, PER_MINUTE),
    number("Revenue: what an hour at this pace brings.", business.REVENUE, EUROS),
    level("Payments: the share that succeeded, over 15 minutes.", {"ok": business.PAYMENT_SUCCESS}, RATIO, PAYMENTS),
    number("Orders refused: the share, over 5 minutes.", business.REFUSED_RATIO, RATIO, REFUSED),
    number("Log-ins: those that succeeded.", business.LOGINS_OK, PER_MINUTE),
    number("Low stock: products not reordered yet.", business.LOW_STOCK_ALL, COUNT, watched("ErpStockLow")),
    height=5,
)
ORDERS = [
    row(
        lines(
            "Orders against the expected: half an hour, and the band that chance explains, known after a week.",
            business.against_expected("orders"),
            COUNT,
            linked("ErpOrdersDropped", "ErpOrdersStopped", "ErpOrdersAbsent"),
        ),
        lines(
            "Orders by outcome: placed, rejected or failed, each with its reason.",
            {"{{outcome}} {{reason}}": business.ORDERS_BY_OUTCOME},
            PER_MINUTE,
        ),
    ),
    row(
        lines("Share refused: of all orders, over 5 minutes.", {"refused": business.REFUSED_RATIO}, RATIO, REFUSED),
        lines("Checkout: from an order's arrival to its answer.", {"mean": business.CHECKOUT_SECONDS}, SECONDS),
        bars("From attempt to invoice: orders in the chosen time.", business.FUNNEL, COUNT),
        lines("Fulfilment: orders shipped and invoiced.", business.FULFILLED, PER_MINUTE),
    ),
]
MONEY = [
    row(
        lines("Revenue by hour: at the pace of the moment.", {"revenue": business.REVENUE}, EUROS),
        lines("Value of an order: half and 19 of 20 are below.", business.ORDER_VALUES, EUROS),
        lines("Payment success: over 15 and over 3 minutes.", business.PAYMENT_SUCCESSES, RATIO, PAYMENTS, maximum=1),
        lines("Payments that failed: by their reason.", {"{{reason}}": business.PAYMENT_FAILURES}, PER_MINUTE),
    ),
    row(
        number("Revenue in the chosen time: of all orders placed.", business.REVENUE_IN_RANGE, EUROS, once=True),
        number("Mean order: what a placed order is worth.", business.ORDER_VALUE, EUROS),
        lines(
            "Revenue against the expected: half an hour beside what is normal at this time of the week.",
            business.against_expected("revenue", band=False),
            EUROS,
            linked("ErpRevenueDropped"),
        ),
        height=6,
    ),
]
GOODS = [
    row(
        lines("Stock: units by category.", {"{{category}}": business.STOCK}, COUNT),
        lines(
            "Low stock by category: products to reorder.",
            {"{{category}}": business.LOW_STOCK},
            COUNT,
            watched("ErpStockLow"),
        ),
        lines("Reordered: units ordered because stock was low.", {"units": business.REORDERED}, PER_MINUTE),
    )
]
PEOPLE = [
    row(
        lines("Log-ins by outcome: to the API.", {"{{outcome}}": business.LOGINS}, PER_MINUTE),
        lines("Log-ins refused: the share, over 5 minutes.", {"refused": business.LOGINS_REFUSED}, RATIO, LOGINS),
        lines(
            "Log-ins against the expected: half an hour beside what is normal.",
            business.against_expected("logins"),
            COUNT,
            linked("ErpLoginsDropped"),
        ),
    )
]


def page() -> models.Dashboard:
    return board(
        BUSINESS,
        "Business",
        "Do orders come, are they paid and delivered, is there stock, do people log in; beside what is normal.",
        [*identity("erp_orders_total", "build_info", one=True), INSTANCE],
        [
            Section(1, "", [NOW]),
            Section(2, "Orders", ORDERS),
            Section(3, "Money", MONEY),
            Section(4, "Goods", GOODS),
            Section(5, "People", PEOPLE),
            log_section(6, pipeline=business.ORDER_LINES, collapsed=True),
        ],
    )
