"""Celery's signals about tasks, turned into ids, metrics, spans and log lines."""

from collections import deque
from time import time
from typing import Any

from celery.exceptions import Reject

from django_instrumentation import context, metrics, tracing
from django_instrumentation.queues import queue_of
from django_instrumentation.task_run import TaskRun

HEADER = "django_instrumentation"
STATES = {"SUCCESS": "succeeded", "FAILURE": "failed", "RETRY": "retried"}
COUNTED_STATES = ("sent", *STATES.values(), "revoked")
RUN = "_django_instrumentation_run"
"""The attribute of a task's request that has its TaskRun."""

_over: deque[str] = deque(maxlen=1000)
"""The ids of tasks whose end was counted."""


def hand_on_ids(sender: str, headers: dict[str, Any] | None = None, **_: Any) -> None:
    if headers is None:
        return
    carried: dict[str, Any] = {**context.to_message(), **tracing.send_span(sender)}
    if not headers.get("eta"):
        carried["sent_at"] = time()
    headers[HEADER] = carried


def count_sent(sender: str, **_: Any) -> None:
    metrics.TASKS.labels(sender, "sent").inc()


def begin(task_id: str, task: Any, **_: Any) -> None:
    request = task.request
    # An eager task has no message: it belongs to the request or task that runs it.
    carried = context.to_message() if request.is_eager else request.get(HEADER)
    opened = context.from_message(carried, task_id)
    tracing.start()  # for pools without processes of their own; elsewhere it has begun
    setattr(request, RUN, TaskRun(opened, task.name, "celery"))
    sent_at = carried.get("sent_at") if isinstance(carried, dict) else None
    if isinstance(sent_at, float):
        metrics.QUEUE_WAIT.labels(queue_of(task.app, request.delivery_info)).observe(max(0.0, time() - sent_at))


def end(task_id: str, task: Any, state: str | None, **_: Any) -> None:
    run = task.request.__dict__.pop(RUN, None)
    if run is None:
        return
    outcome = STATES.get(state or "", (state or "unknown").lower())
    _over.append(task_id)
    metrics.TASKS.labels(task.name, outcome).inc()
    run.end(outcome, metrics.TASK_DURATION)


def count_failure(sender: Any, task_id: str, exception: BaseException, **_: Any) -> None:
    if isinstance(exception, Reject):  # signalled by the worker after its process has counted the task as rejected
        return
    if not hasattr(sender.request, RUN):
        # Its process was killed or reached the time limit, which Celery signals twice; no end of the task was seen.
        if task_id in _over:
            return
        _over.append(task_id)
        metrics.TASKS.labels(sender.name, "failed").inc()
    metrics.TASK_EXCEPTIONS.labels(sender.name, type(exception).__name__).inc()


def count_retry_reason(sender: Any, reason: Any, **_: Any) -> None:
    # A Retry holds what made the task ask for another try, or nothing when it just asked.
    cause = getattr(reason, "exc", None) or reason
    metrics.TASK_EXCEPTIONS.labels(sender.name, type(cause).__name__).inc()


def count_revoked(sender: Any, **_: Any) -> None:
    metrics.TASKS.labels(getattr(sender, "name", None) or "unknown", "revoked").inc()
