"""Application overview: is everything there, what do users get, do orders flow, what do the logs say."""

from __future__ import annotations

from grafana_foundation_sdk.models import dashboard as models

from grafana.dashboards.lib import queries, style
from grafana.dashboards.lib.layout import Row, board
from grafana.dashboards.lib.panels import lines, log_counts, log_lines, number

ERROR_RATIO_LIMIT = 0.05  # ErpHigh5xxRatio

NOW = Row(
    4,
    [
        number(
            1,
            "Alerts firing",
            "Alerts that fire now, Watchdog left out. No number at all: the rules aren't evaluated.",
            queries.ALERTS_FIRING,
            style.COUNT,
            thresholds=style.thresholds((1, style.BAD)),
            decimals=0,
        ),
        number(
            2,
            "Targets down",
            "Programs that gave no metrics at the last scrape.",
            queries.TARGETS_DOWN,
            style.COUNT,
            thresholds=style.thresholds((1, style.BAD)),
            decimals=0,
        ),
        number(3, "Requests", "Requests answered, probes left out.", queries.REQUEST_RATE, style.REQUESTS_PER_SECOND),
        number(
            4,
            "Server errors",
            "Share of requests answered with a 5xx in the last 5 minutes; ErpHigh5xxRatio fires above 5%.",
            queries.ERROR_RATIO,
            style.RATIO,
            thresholds=style.thresholds((ERROR_RATIO_LIMIT, style.BAD)),
        ),
        number(5, "Latency p95", "19 of 20 requests were answered faster.", queries.latency(0.95), style.SECONDS),
        number(6, "Orders placed", "Orders paid and committed, by minute.", queries.ORDERS_PLACED, style.PER_MINUTE),
    ],
)
HTTP = (
    Row(
        8,
        [
            lines(
                10,
                "Requests by status",
                "What the ERP answered, probes left out.",
                {"{{status}}": queries.REQUEST_RATE_BY_STATUS},
                style.REQUESTS_PER_SECOND,
            ),
            lines(
                11,
                "Share of errors",
                "4xx: refused; 5xx: failed. ErpHigh5xxRatio fires above the dashed line.",
                {"4xx": queries.response_ratio("4.."), "5xx": queries.response_ratio("5..")},
                style.RATIO,
                thresholds=style.thresholds((ERROR_RATIO_LIMIT, style.BAD)),
            ),
            lines(
                12,
                "Latency",
                "How long requests took, waiting for a worker left out.",
                {f"p{quantile:.0%}".rstrip("%"): queries.latency(quantile) for quantile in (0.5, 0.95, 0.99)},
                style.SECONDS,
            ),
        ],
        title="What users get",
        identifier=100,
    ),
    Row(
        8,
        [
            lines(
                13,
                "Requests by view",
                "Which addresses are called how often.",
                {"{{view}}": queries.REQUEST_RATE_BY_VIEW},
                style.REQUESTS_PER_SECOND,
            ),
            lines(
                14,
                "Latency p95 by view",
                "The slow address stands out.",
                {"{{view}}": queries.LATENCY_P95_BY_VIEW},
                style.SECONDS,
            ),
        ],
    ),
)
ORDERS = Row(
    8,
    [
        lines(
            20,
            "Orders by outcome",
            "Placed, rejected with a reason, or failed, by minute.",
            {"{{outcome}} {{reason}}": queries.ORDERS_BY_OUTCOME},
            style.PER_MINUTE,
        ),
        lines(
            21,
            "External calls",
            "Calls of the payment and shipping API. ErpExternalApiDown fires when none succeeds for 90 seconds.",
            {"{{service}} {{outcome}}": queries.EXTERNAL_BY_OUTCOME},
            style.PER_SECOND,
        ),
        lines(
            22,
            "External latency p95",
            "How long the payment and shipping API take.",
            {"{{service}}": queries.EXTERNAL_P95},
            style.SECONDS,
        ),
    ],
    title="Orders and the APIs that they need",
    identifier=200,
)
TASKS = Row(
    8,
    [
        lines(30, "Queue length", "Tasks that wait for a worker.", {"{{queue}}": queries.QUEUE_LENGTH}, style.COUNT),
        lines(
            31,
            "Tasks by state",
            "Sent, succeeded, failed, retried, revoked.",
            {"{{state}}": queries.TASKS_BY_STATE},
            style.PER_SECOND,
        ),
        lines(
            32,
            "Queue wait p95",
            "From being sent to being started; scheduled tasks left out.",
            {"{{queue}}": queries.QUEUE_WAIT_P95},
            style.SECONDS,
        ),
        lines(33, "Run time p95", "How long tasks run.", {"{{task}}": queries.TASK_P95}, style.SECONDS),
    ],
    title="Tasks",
    identifier=300,
)
HEALTH = Row(
    7,
    [
        lines(
            50,
            "Targets",
            "1: the last scrape worked. ErpInstanceDown and ErpTargetDown fire on 0.",
            {"{{job}}": queries.TARGETS_UP},
            style.UP_OR_DOWN,
            maximum=1,
        ),
        lines(
            51,
            "Probes",
            "1: the probe got the answer that it wants. ErpHealthProbeFailing fires on 0.",
            {"{{service}} {{probe}}": queries.PROBES},
            style.UP_OR_DOWN,
            maximum=1,
        ),
        lines(
            52,
            "Exceptions reported",
            "Error events handed to the tracker, and those that never reached it, by minute.",
            {"{{level}}": queries.EXCEPTIONS_REPORTED, "dropped: {{reason}}": queries.EXCEPTIONS_DROPPED},
            style.PER_MINUTE,
        ),
    ],
    title="Health and errors",
    identifier=400,
)
LOGS = (
    Row(
        6,
        [
            log_counts(
                41, "Log lines by level", "How much is written, and how bad.", queries.LINES_BY_LEVEL, "{{level}}"
            )
        ],
        title="Logs",
        identifier=500,
    ),
    Row(9, [log_lines(42, "Errors", "Lines at ERROR and above of the chosen services.", queries.ERROR_LINES)]),
    # Alerts link to this panel by its number.
    Row(14, [log_lines(40, "Log lines", "Every line of the chosen services.", queries.ALL_LINES)]),
)


def page() -> models.Dashboard:
    return board(
        "erp-overview",
        "Application overview",
        "The first look: is everything there, what do users get, do orders flow, what do the logs say.",
        [NOW, *HTTP, ORDERS, TASKS, HEALTH, *LOGS],
    )
