"""Application overview: is everything there, what do users get, is the promise kept, what do the logs say."""

from dataclasses import replace

from grafana_foundation_sdk.models import dashboard as models

from grafana.dashboards.lib import links, style
from grafana.dashboards.lib.alerts import OVERVIEW, linked, watched
from grafana.dashboards.lib.layout import INSTANCE, Choice, Section, board, identity, row
from grafana.dashboards.lib.panels import ANY, bars, lines, log_counts, number, rows, services, with_units
from grafana.dashboards.lib.queries import applications, http
from grafana.dashboards.lib.queries.common import ALERTS_FIRING
from grafana.dashboards.lib.sections import LINES_OF_ALERTS, log_section
from grafana.dashboards.lib.style import (
    COUNT,
    NAMED,
    PER_MINUTE,
    PER_SECOND,
    RATIO,
    REQUESTS,
    SECONDS,
    SINCE,
    TIMES,
    UP_OR_DOWN,
)

PROMISE, API = "{{application}} {{slo}}", "{{application}} {{api}}"
SLOW = replace(linked("HttpLatencyP95High"), steps=((1.0, style.WARNING),))  # by service:django_http_over_1s:increase5m
FAILING = watched("HttpErrorRatioHigh")
NOW = row(
    number("Alerts firing: the Watchdog left out. No number: no rule is evaluated.", ALERTS_FIRING, COUNT, ANY),
    number("Targets down: programs that gave no metrics at the last scrape.", http.TARGETS_DOWN, COUNT, ANY),
    number("Requests: what was answered, probes left out.", http.REQUEST_RATE, REQUESTS),
    number("Server errors: the share that got a 5xx, over 5 minutes.", http.ERROR_RATIO, RATIO, FAILING),
    number("Latency p95: 19 of 20 requests were answered faster.", http.LATENCY_P95, SECONDS, SLOW),
    bars("Budget left: what the promises of 30 days still allow.", {PROMISE: http.BUDGET_LEFT}, RATIO, once=True)
    .thresholds(style.thresholds((0, style.GOOD), base=style.BAD))
    .max(1),
    height=4,
)
APPLICATIONS = row(
    services(
        "Applications: every service that is seen, whatever is chosen above; deployed at most a week ago.",
        applications.FIGURES,
        {"Requests": REQUESTS, "Server errors": RATIO, "p95": SECONDS, "Log lines": PER_MINUTE, "Deployed": SINCE},
        missing="No application yet: give its containers the labels of docs/applications.md, the first of which is"
        " observability.application.",
    ),
    height=8,
)
USERS = [
    row(
        lines("Requests by status: probes left out.", {"{{status}}": http.REQUEST_RATE_BY_STATUS}, REQUESTS),
        lines("Share of errors: 4xx were refused, 5xx failed.", http.ERROR_SHARES, RATIO, FAILING),
        lines("Latency: how long requests took, waiting for a worker left out.", http.LATENCY, SECONDS, SLOW),
    ),
    row(
        lines("Requests by view: which are called how often.", {"{{view}}": http.REQUEST_RATE_BY_VIEW}, REQUESTS),
        lines(
            "Latency p95 by view: the slow one stands out; a click on a line leads to its traces.",
            {f"{NAMED} {{{{view}}}}": http.LATENCY_P95_OF_VIEWS},
            SECONDS,
        ).data_links([links.traces_of_view()]),
        lines(
            "Burn of the error budgets: 1 uses a budget up in 30 days, 14.4 in two; over an hour.",
            {PROMISE: http.BURN},
            TIMES,
            watched("ErrorBudgetFastBurn", "ErrorBudgetSlowBurn", reads="slo:error_budget:burn1h"),
        ),
    ),
]
VIEWS = [
    row(
        with_units(
            rows("Views: rate, latency and share of server errors of each.", http.VIEWS, {"view": "View"}),
            {"Requests": REQUESTS, "p95": SECONDS, "Server errors": RATIO},
        ),
        lines(
            "Server errors by view: the share of each view's requests that failed.",
            {"{{view}}": http.ERRORS_BY_VIEW},
            RATIO,
            watched("HttpViewFailing"),
        ),
    ),
    row(
        lines("In flight: requests that are being answered.", {NAMED: http.IN_FLIGHT}, COUNT),
        lines(
            "Slow requests: the share beyond 1 second over 5 minutes, beyond 2.5 and 5 seconds over 10.",
            http.SLOW_SHARES,
            RATIO,
            watched("HttpLatencyP95High", "HttpLatencyP99High", reads="service:django_http_over_1s"),
        ),
        lines("Requests a week ago: beside those of now.", http.LAST_WEEK, REQUESTS, linked("HttpTrafficStopped")),
    ),
    row(
        rows(
            "Refused by view: 4xx in the chosen time.",
            {"Refused": http.REFUSED},
            {"view": "View", "method": "Method", "status": "Status"},
        ),
        log_counts(
            "Refused by user: the ten with the most 4xx. Those who aren't logged in are one: no address is kept.",
            http.REFUSED_BY_USER,
            "user {{user_id}}",
            COUNT,
        ),
    ),
]
FAILURES = [
    row(
        lines(
            "Exceptions against requests: error events of each service for each request that its application answered.",
            {NAMED: http.EXCEPTIONS_PER_REQUEST},
            RATIO,
            watched("ExceptionSpike", reads=http.EXCEPTIONS_PER_REQUEST_SERIES),
        ),
        lines(
            "Exceptions reported: events for the tracker, and those that never reached it.",
            {"{{level}}": http.EXCEPTIONS_BY_LEVEL, "lost: {{reason}}": http.EXCEPTIONS_LOST},
            PER_MINUTE,
            linked("SentryDeliveryFailing", "NewReleaseRegression"),
        ),
        lines("Exceptions by class: uncaught in views.", {"exceptions {{type}}": http.EXCEPTIONS_BY_TYPE}, PER_MINUTE),
        lines("Refused requests: the client's faults.", {"{{error}}": http.CLIENT_ERRORS}, PER_MINUTE),
    ),
    row(
        lines(
            "External calls: calls of other systems, by what came of them.",
            {f"{{{{outcome}}}} {API}": http.EXTERNAL_BY_OUTCOME},
            PER_SECOND,
            linked("ExternalApiDown"),
        ),
        lines(
            "External failures: the share of the calls that failed or timed out.",
            {API: http.EXTERNAL_FAILURES},
            RATIO,
            watched("ExternalApiFailing"),
        ),
        lines("External latency p95: how long these APIs take.", {API: http.EXTERNAL_P95}, SECONDS),
    ),
]
HEALTH = [
    row(
        lines(
            "Targets: 1 is a scrape that worked.",
            {"{{application}} {{job}}": http.TARGETS_UP},
            UP_OR_DOWN,
            linked("InstanceDown", "ApplicationDown"),
            maximum=1,
        ),
        lines(
            "Probes: 1 is the answer that was wanted.",
            {f"{NAMED} {{{{probe}}}}": http.PROBES},
            UP_OR_DOWN,
            linked("HealthProbeFailing"),
            maximum=1,
        ),
        height=7,
    ),
    row(
        rows(
            "Versions: what runs where, and its migrations pending.",
            http.RUNNING,
            {"application": "Application", "env": "Env", "service": "Service", "version": "Version"},
        ),
        height=7,
    ),
]


def page() -> models.Dashboard:
    return board(
        OVERVIEW,
        "Application overview",
        "The first look: is everything there, what do users get, is the promise kept, what do the logs say.",
        [*identity("up|promtail_log_lines_total"), INSTANCE, Choice("view", "View", http.VIEW_NAMES)],
        [
            Section(1, "", [NOW, APPLICATIONS]),
            Section(2, "What users get", USERS),
            Section(3, "By view", VIEWS, collapsed=True),
            Section(4, "Failures, here and at others", FAILURES),
            Section(5, "Health", HEALTH, collapsed=True),
            log_section(6, lines_panel=LINES_OF_ALERTS),
        ],
    )
