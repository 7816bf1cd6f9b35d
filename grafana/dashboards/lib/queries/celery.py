"""The queues, what waits in them, who works them off: an application's, whichever service sends or runs a task.

`$queue` is the board's choice of queues, `$task` of tasks, `$service` of what runs tasks or beat.
"""

from grafana.dashboards.lib.queries.common import (
    APPLICATION,
    counted_by,
    or_zero,
    percentiles,
    quantile,
    rate_by,
    total,
)

QUEUE = f'{APPLICATION},queue=~"$queue"'
TASK = f'{APPLICATION},task=~"$task"'
METRICS_OF_RUNNERS = "celery_queue_unacknowledged|celery_beat_last_tick_timestamp_seconds"
METRICS = f"celery_tasks_total|{METRICS_OF_RUNNERS}"
QUEUES = f"label_values(celery_queue_length{{{APPLICATION}}}, queue)"
TASK_NAMES = f"label_values(celery_tasks_total{{{APPLICATION}}}, task)"
_FAILED = total("celery_tasks_total", f'{TASK},state="failed"')
_ENDED = total("celery_tasks_total", f'{TASK},state=~"succeeded|failed"')

# The queues

# Every worker asks the broker for the same length.
LENGTH = f"max by (queue) (celery_queue_length{{{QUEUE}}})"
WAITING = f"sum({LENGTH})"
UNACKNOWLEDGED = f"sum by (queue) (celery_queue_unacknowledged{{{QUEUE}}})"
WAIT = percentiles("celery_queue_wait_seconds", QUEUE)
WAIT_P95 = quantile(0.95, "celery_queue_wait_seconds", QUEUE)
WAITED = {
    "a minute": f"max(queue:celery_wait_over_60s:ratio5m{{{QUEUE}}})",
    "5 minutes": f"max(queue:celery_wait_over_300s:ratio5m{{{QUEUE}}})",
}
DRAIN = f"queue:celery_queue_drain:seconds{{{QUEUE}}}"
STARTED = f"queue:celery_started:rate10m{{{QUEUE}}}"

# The tasks

BY_STATE = rate_by("state", "celery_tasks_total", TASK)
BY_TASK = rate_by("task", "celery_tasks_total", f'{TASK},state="succeeded"')
FAILED_SHARE = f"{_FAILED} / {_ENDED}"
FAILED_BY_TASK = f"task:celery_failed:ratio_rate10m{{{TASK}}}"
REVOKED_BY_TASK = f"task:celery_revoked:increase5m{{{TASK}}}"
RETRIED_BY_TASK = rate_by("task", "celery_tasks_total", f'{TASK},state="retried"', per=" * 60")
EXCEPTIONS = or_zero(rate_by("exception", "celery_task_exceptions_total", TASK, per=" * 60"), _ENDED)
RUN_TIME = percentiles("celery_task_duration_seconds", TASK)
RUN_P95_BY_TASK = quantile(0.95, "celery_task_duration_seconds", TASK, "task")
BUSY = total("celery_task_duration_seconds_sum", TASK)
TASKS = {
    **{
        state.capitalize(): counted_by("task", "celery_tasks_total", f'{TASK},state="{state}"')
        for state in ("succeeded", "failed", "retried")
    },
    "p95": RUN_P95_BY_TASK,
}

# Who works

_WORKERS = f"service:celery_workers:count{{{APPLICATION}}}"
WORKERS = or_zero(f"sum({_WORKERS})", f"sum(last_over_time({_WORKERS}[1d]))")
WORKERS_OF_A_DAY = f"sum(max_over_time({_WORKERS}[1d]))"
BEAT_AGE = f"time() - max by (service) (instance:celery_beat_last_tick:timestamp_seconds{{{APPLICATION}}})"
HEARTBEAT_AGE = f"time() - max by (service) (instance:celery_heartbeat:timestamp_seconds{{{APPLICATION}}})"
