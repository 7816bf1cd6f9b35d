"""Celery and its queues: what waits, what runs, what fails, and who works."""

from grafana_foundation_sdk.models import dashboard as models

from grafana.dashboards.lib.alerts import CELERY, linked, watched
from grafana.dashboards.lib.layout import Choice, Section, board, identity, row
from grafana.dashboards.lib.panels import bars, level, lines, number, rows, with_units
from grafana.dashboards.lib.queries import celery, redis
from grafana.dashboards.lib.queries.common import SERVICE
from grafana.dashboards.lib.sections import log_section, use_of_machine
from grafana.dashboards.lib.style import COUNT, PER_MINUTE, PER_SECOND, RATIO, SECONDS

BEAT = watched("CeleryBeatStalled")
HEARTBEAT = watched("CeleryHeartbeatStale", reads="celery_heartbeat")
NOW = row(
    number("Waiting: tasks that no worker has taken.", celery.WAITING, COUNT, linked("CeleryQueueStuck")),
    number("Wait p95: from being sent to being started.", celery.WAIT_P95, SECONDS),
    number("Failed: the share of the runs that ended.", celery.FAILED_SHARE, RATIO),
    number("Workers up: those that answer.", celery.WORKERS, COUNT, linked("CeleryWorkerMissing")),
    number("Beat: since it last looked at its schedule.", celery.BEAT_AGE, SECONDS, BEAT),
    number("Heartbeat: since a worker last ran what beat sends.", celery.HEARTBEAT_AGE, SECONDS, HEARTBEAT),
    height=4,
)
QUEUES = [
    row(
        lines(
            "Depth: tasks that wait, and those that a worker holds.",
            {"{{queue}}": celery.LENGTH, "{{queue}} unacknowledged": celery.UNACKNOWLEDGED},
            COUNT,
            linked("CeleryQueueStuck", "CeleryQueueMetricMissing"),
        ),
        lines("Wait: from being sent to being started; tasks for a later time left out.", celery.WAIT, SECONDS),
        lines(
            "Waited too long: the share of the tasks that waited longer than this.",
            celery.WAITED,
            RATIO,
            watched("CeleryQueueWaitHigh"),
        ),
    ),
    row(
        lines(
            "Time to drain: for what waits, at the pace of 10 minutes.",
            {"{{queue}}": celery.DRAIN},
            SECONDS,
            watched("CeleryQueueBacklog"),
        ),
        lines("Pace: tasks started, over 10 minutes.", {"{{queue}}": celery.STARTED}, PER_SECOND),
    ),
]
TASKS = [
    row(
        lines("Tasks by state: sent, and what came of them.", {"{{state}}": celery.BY_STATE}, PER_SECOND),
        lines("Run time: how long tasks take.", celery.RUN_TIME, SECONDS),
        bars("Run time p95 by task: the slow one stands out.", {"{{task}}": celery.RUN_P95_BY_TASK}, SECONDS),
    ),
    row(
        lines(
            "Failed by task: the share of the runs that failed for good, over 10 minutes.",
            {"{{task}}": celery.FAILED_BY_TASK},
            RATIO,
            watched("CeleryTaskFailureRatio"),
        ),
        lines(
            "Exceptions: what tasks raised, by class, tried again afterwards or not.",
            {"exceptions {{exception}}": celery.EXCEPTIONS},
            PER_MINUTE,
        ),
        lines(
            "Revoked: runs left out because they were revoked or late, over 5 minutes.",
            {"{{task}}": celery.REVOKED_BY_TASK},
            COUNT,
            watched("CeleryTasksRevoked"),
        ),
    ),
]
DETAIL = [
    row(
        with_units(
            rows("Tasks: their runs in the chosen time, and how long they take.", celery.TASKS, {"task": "Task"}),
            {"p95": SECONDS},
        ),
        lines("Succeeded by task: which runs how often.", {"{{task}}": celery.BY_TASK}, PER_SECOND),
        lines("Retried by task: what is tried again.", {"{{task}}": celery.RETRIED_BY_TASK}, PER_MINUTE),
    )
]
WORKERS = [
    row(
        lines(
            "Workers: those that answer, and the most of a day.",
            {"workers": celery.WORKERS, "most of a day": celery.WORKERS_OF_A_DAY},
            COUNT,
            linked("CeleryWorkerMissing"),
        ),
        lines("Busy: how many processes run a task, on average.", {"busy": celery.BUSY}, COUNT),
        lines("Clients of the broker: connections to it.", {"{{service}}": redis.CLIENTS}, COUNT),
        level(
            "Memory of the broker: the share of what it may use.",
            {"{{service}}": redis.MEMORY},
            RATIO,
            watched("RedisMemory"),
        ),
        height=7,
    )
]


def page() -> models.Dashboard:
    return board(
        CELERY,
        "Celery and queues",
        "What waits and for how long, what runs and what fails, who works and whether beat does.",
        [
            *identity(celery.METRICS, celery.METRICS_OF_RUNNERS, one=True, matching=""),
            Choice("queue", "Queue", celery.QUEUES),
            Choice("task", "Task", celery.TASK_NAMES),
        ],
        [
            Section(1, "", [NOW]),
            Section(2, "Queues", QUEUES),
            Section(3, "Tasks", TASKS),
            Section(4, "Task by task", DETAIL, collapsed=True),
            Section(5, "Who works", WORKERS),
            use_of_machine(6, "What their containers use", SERVICE, collapsed=True),
            log_section(7),
        ],
    )
