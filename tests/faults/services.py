"""Rows of services that are killed or frozen."""

from tests.faults.looks import both, lasted, orders_are_taken, started_anew
from tests.faults.model import Fault

RESTARTS = "With the process its counters end, and up to a scrape's requests with them."
TAKEN_AGAIN = "The task that ran is taken again after five minutes, Celery's visibility timeout."
LAST_SECOND = "A task of the last second is lost with it; finish_orders sends it again within four minutes."
WAITS = "What needs it waits for its start."
FROZEN_SECONDS = 120
# On a stack that is minutes old a few failed orders are a large share of the hour's.
BURNED = ("ErrorBudgetFastBurn", "HttpErrorRatioHigh", "HttpViewFailing", "ExceptionSpike", "LogErrorsUnusual")

HEALTHY_SECONDS = 60
# Of each service: what users may notice while it starts again, and the batch: services of one batch don't need each
# other.
KILLED: dict[str, tuple[str, int]] = {
    "erp-db": ("orders get an error for seconds", 1),
    "prometheus": ("graphs have a gap of seconds", 1),
    "promtail": ("lines come seconds later", 1),
    "node": ("the machine's figures have a gap of seconds", 1),
    "mailpit": ("nothing; in its place a mail server would be down", 1),
    "traffic": ("nothing; the shoppers are a part of the sandbox", 1),
    "telegraf": ("container figures have a gap of seconds", 1),
    "inbox": ("nothing; in its place Slack and PagerDuty would be down", 1),
    "erp-redis": ("orders wait for seconds, their tasks come later", 2),
    "loki": ("lines can't be searched for seconds", 3),
    "postgres-exporter": ("figures of the database have a gap of seconds", 3),
    "erp-web": ("no answer for seconds", 3),
    "alertmanager": ("a page may come seconds later", 3),
    "bugsink": ("events of these seconds are lost and counted", 3),
    "grafana": ("boards don't answer for seconds", 3),
    "redis-exporter": ("figures of Redis have a gap of seconds", 3),
    "blackbox": ("probes have a gap of seconds", 3),
    "erp-beat": ("a periodic task comes seconds later", 3),
    "logkeeper": ("the account of lines goes on seconds later", 3),
    "socket-proxy": ("new containers are found seconds later", 3),
    "erp-worker": ("the task that ran is done up to 7 minutes later", 4),
    "partner": ("orders get a 503 for seconds", 4),
}
QUICK = (1, 3)
"""The batches that `make test` has time for."""
# What a killed service takes with it, by account, with the reason.
TAKES: dict[str, tuple[tuple[str, str], ...]] = {
    "erp-db": (("prompt", WAITS),),
    "erp-redis": (("prompt", WAITS), ("shipments", LAST_SECOND)),
    "erp-web": (("requests", RESTARTS), ("prompt", WAITS)),
    "erp-worker": (("shipments", TAKEN_AGAIN),),
    "partner": (("prompt", WAITS),),
}
ALL = tuple({name: (name, reason) for rows in TAKES.values() for name, reason in rows}.values())
# Whose kill has a number of its own.
NUMBERS = {
    "prometheus": "F1, F2",
    "loki": "F1, F3",
    "promtail": "F1, F4",
    "alertmanager": "F1, F5",
    "erp-worker": "F1, F6",
    "erp-redis": "F1, F7",
    "erp-db": "F1, F8",
}

FAULTS: tuple[Fault, ...] = (
    *(
        Fault(
            f"{service}-killed",
            NUMBERS.get(service, "F1"),
            noticed,
            both(started_anew(service), orders_are_taken),
            HEALTHY_SECONDS,
            batch,
            may=BURNED if service in TAKES else (),
            apart_from=TAKES.get(service, ()),
            quick=batch in QUICK,
        )
        for service, (noticed, batch) in KILLED.items()
    ),
    Fault(
        "all-killed",
        "F1, F25",
        "no answer for seconds; the task that ran is done up to 7 minutes later",
        both(started_anew(), orders_are_taken),
        2 * HEALTHY_SECONDS,
        5,
        may=BURNED,
        apart_from=ALL,
    ),
    *(
        Fault(
            f"{service}-frozen",
            "F10",
            noticed,
            orders_are_taken,
            30,
            30,
            sees=lasted(FROZEN_SECONDS),
            shows="nothing but the answers to orders",
            seen_within=FROZEN_SECONDS + 10,
            may=may,
        )
        for service, noticed, may in (
            ("loki", "lines can't be searched, and are there afterwards", ("TargetDown", "LogsStalled")),
            ("bugsink", "no events can be read; what waits too long is counted as dropped", ("HealthProbeFailing",)),
        )
    ),
)
