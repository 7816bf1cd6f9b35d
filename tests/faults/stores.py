"""Rows of the sample's database and broker, which are there and don't take what they are given."""

from tests.faults.looks import orders_are_taken
from tests.faults.model import Fault

ERRORS = ("ErrorBudgetFastBurn", "ExceptionSpike", "HttpViewFailing", "LogErrorsUnusual", "LogTracebackNew")
LATE = ("HttpLatencyP95High", "HttpLatencyP99High", "ErpOrdersDropped")
TASKS = ("CeleryTaskFailureRatio", "CeleryHeartbeatStale", "CeleryQueueStuck", "CeleryQueueMetricMissing")
SLOW = (("prompt", "Requests wait for the store."),)
# finish_orders sends again what wasn't sent: once a minute, after three minutes.
FINISHED_SECONDS = 330

FAULTS: tuple[Fault, ...] = (
    Fault(
        "db-read-only",
        "F13",
        "orders get a 500",
        orders_are_taken,
        30,
        20,
        alerts=("HttpErrorRatioHigh",),
        seen_within=240,
        may=(*ERRORS, *TASKS),
        apart_from=SLOW,
        settles=FINISHED_SECONDS,
    ),
    Fault(
        "connections-out",
        "F13",
        "requests get a 500 until a connection is free",
        orders_are_taken,
        30,
        21,
        alerts=("PostgresConnections",),
        seen_within=420,
        may=(*ERRORS, *TASKS, "HttpErrorRatioHigh", "HealthProbeFailing", "PostgresDown"),
        apart_from=SLOW,
        settles=FINISHED_SECONDS,
    ),
    Fault(
        "orders-locked",
        "F13",
        "orders get a 500 after 5 s, the lock's time limit",
        orders_are_taken,
        30,
        22,
        alerts=("PostgresLockWaits",),
        seen_within=240,
        may=(*ERRORS, *TASKS, *LATE, "HttpErrorRatioHigh"),
        apart_from=SLOW,
        settles=FINISHED_SECONDS,
    ),
    Fault(
        "redis-full",
        "F13",
        "orders are taken; their tasks come up to 4 minutes after the mending",
        orders_are_taken,
        30,
        23,
        alerts=("RedisMemory",),
        seen_within=420,
        may=(*ERRORS, *TASKS),
        apart_from=SLOW,
        settles=FINISHED_SECONDS,
    ),
    Fault(
        "redis-read-only",
        "F7, F13",
        "orders are taken until nothing is in stock; their tasks come up to 4 minutes after the mending",
        orders_are_taken,
        30,
        24,
        alerts=("ContainerRestartLoop",),
        seen_within=300,
        may=(*ERRORS, *TASKS, "HealthProbeFailing", "InstanceDown", "CeleryWorkerMissing"),
        apart_from=SLOW,
        settles=FINISHED_SECONDS,
    ),
    Fault(
        "redis-emptied",
        "F7",
        "a task that waited comes up to 4 minutes later",
        orders_are_taken,
        10,
        25,
        apart_from=SLOW,
        settles=FINISHED_SECONDS,
    ),
    Fault(
        "redis-evicting",
        "F7, F13",
        "a task that waited comes up to 4 minutes later",
        orders_are_taken,
        120,
        27,
        alerts=("RedisEvictions",),
        seen_within=120,
        apart_from=SLOW,
        settles=FINISHED_SECONDS,
    ),
    Fault("beat-twice", "F6", "nothing", orders_are_taken, 30, 26),
)
