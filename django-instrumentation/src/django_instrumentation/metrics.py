"""The technical metrics, each made once; what a domain counts is made in that domain's own metrics.py."""

from functools import cache

from prometheus_client import Counter, Gauge, Histogram

from django_instrumentation import multiprocess

multiprocess.install()

DURATION_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
WAIT_BUCKETS = (0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900)

BUILD_INFO = Gauge("build_info", "1 for the version that runs.", ["version"], multiprocess_mode="livemax")

IN_FLIGHT = Gauge(
    "http_requests_in_flight",
    "Requests that are being answered, the scrape that asks left out.",
    multiprocess_mode="livesum",
)

LOG_LINES_DROPPED = Counter(
    "log_lines_dropped",
    "Log lines that were never written: slow_reader (stdout's reader stalls), write_failed, exit (no time was left).",
    ["reason"],
)
for _reason in ("slow_reader", "write_failed", "exit"):
    LOG_LINES_DROPPED.labels(_reason)

SPANS_DROPPED = Counter(
    "spans_dropped",
    "Spans that never reached the collector: queue_full (it takes them too slowly), export_failed (it is away or "
    "refuses them), exit (no time was left), too_many (beyond the first thousand of one trace in one process).",
    ["reason"],
)
for _reason in ("queue_full", "export_failed", "exit", "too_many"):
    SPANS_DROPPED.labels(_reason)

CLIENT_ERRORS = Counter(
    "http_client_errors",
    "Requests that were refused as broken or suspicious, by the name of the exception: faults of their clients.",
    ["error"],
)
for _error in ("DisallowedHost", "RequestDataTooBig", "TooManyFieldsSent", "TooManyFilesSent", "UnreadablePostError"):
    CLIENT_ERRORS.labels(_error)

EXTERNAL_REQUESTS = Counter(
    "external_requests",
    "Calls of other services' APIs: ok, rejected (they said no), error or timeout.",
    ["api", "operation", "outcome"],
)
EXTERNAL_DURATION = Histogram(
    "external_request_duration_seconds",
    "How long calls of other services' APIs took.",
    ["api", "operation"],
    buckets=DURATION_BUCKETS,
)

TASKS = Counter(
    "celery_tasks",
    "Tasks by what happened to them: sent, and each run: succeeded, failed, retried, revoked, ignored or rejected.",
    ["task", "state"],
)
TASK_EXCEPTIONS = Counter(
    "celery_task_exceptions",
    "What tasks raised, by class, retried afterwards or not.",
    ["task", "exception"],
)
TASK_DURATION = Histogram(
    "celery_task_duration_seconds", "How long a run of a task took.", ["task"], buckets=DURATION_BUCKETS
)
QUEUE_WAIT = Histogram(
    "celery_queue_wait_seconds",
    "How long a task waited from being sent to being started; tasks for a later time are left out.",
    ["queue"],
    buckets=WAIT_BUCKETS,
)

DJANGO_TASKS = Counter(
    "django_tasks",
    "Tasks of Django's own framework by what happened to them: sent, succeeded or failed.",
    ["task", "state"],
)
DJANGO_TASK_DURATION = Histogram(
    "django_task_duration_seconds",
    "How long a run of a task of Django's own framework took.",
    ["task"],
    buckets=DURATION_BUCKETS,
)
DJANGO_TASK_WAIT = Histogram(
    "django_task_wait_seconds",
    "How long such a task waited from being sent to being started; tasks for a later time are left out.",
    ["queue"],
    buckets=WAIT_BUCKETS,
)


@cache
def beat_last_tick() -> Gauge:
    """Made when first set, because a gauge begins at 0: any process but beat would say that beat stood still."""
    return Gauge(
        "celery_beat_last_tick_timestamp_seconds",
        "When beat last looked at its schedule.",
        multiprocess_mode="livemax",
    )


@cache
def heartbeat() -> Gauge:
    """Made when first set, for the same reason."""
    return Gauge(
        "celery_heartbeat_timestamp_seconds",
        "When a worker last ran the heartbeat task that beat sends.",
        multiprocess_mode="max",
    )


SENTRY_EVENTS = Counter("sentry_events", "Error events handed to the reporter.", ["level"])
SENTRY_DROPPED = Counter("sentry_dropped", "Error events that never reached the tracker.", ["reason"])
