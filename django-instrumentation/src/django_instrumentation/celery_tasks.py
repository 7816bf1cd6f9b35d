"""Celery's signals about tasks, turned into ids, metrics, spans and log lines."""

import sys
from time import time
from typing import Any

from celery.exceptions import Ignore, Reject, Retry

from django_instrumentation import celery_requests, context, metrics, tracing
from django_instrumentation.celery_requests import HEADER
from django_instrumentation.queues import queue_of
from django_instrumentation.task_run import TaskRun

STATES = {"SUCCESS": "succeeded", "FAILURE": "failed", "RETRY": "retried"}
EAGER_STATES: dict[type[BaseException], str] = {Retry: "retried", Reject: "rejected", Ignore: "ignored"}
COUNTED_STATES = ("sent", *STATES.values(), "revoked")
INTERRUPTED = "interrupted"
"""What the line of a run says that broke off in a pool's process: the main process decides what became of it."""
RUN = "_django_instrumentation_run"
"""The attribute of a task's request that has its TaskRun, and the exception that was being handled around it."""


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
    setattr(request, RUN, (TaskRun(opened, task.name, "celery"), sys.exc_info()[1]))
    sent_at = carried.get("sent_at") if isinstance(carried, dict) else None
    if isinstance(sent_at, float):
        metrics.QUEUE_WAIT.labels(queue_of(task.app, request.delivery_info)).observe(max(0.0, time() - sent_at))


def end(task_id: str, task: Any, state: str | None, **_: Any) -> None:
    found = task.request.__dict__.pop(RUN, None)
    if found is None:
        return
    run, handled_around = found
    error = sys.exc_info()[1]
    if error is None or error is handled_around:
        outcome = STATES.get(state or "", (state or "unknown").lower())
        metrics.TASKS.labels(task.name, outcome).inc()
    else:
        outcome = _break_off(task, task_id, error)
    run.end(outcome, metrics.TASK_DURATION)


def _break_off(task: Any, task_id: str, error: BaseException) -> str:
    """Count a run that an exception leaves now, so that its state isn't Celery's last word, unless others count it."""
    if task.request.is_eager:  # the caller gets the exception, and Celery says nothing more
        found = next((state for kind, state in EAGER_STATES.items() if isinstance(error, kind)), "failed")
        celery_requests.count(task.name, found, None if found in ("ignored", "rejected") else error)
        return found
    if celery_requests.is_pool_process():
        return INTERRUPTED
    return celery_requests.count_here(task, task_id, error)


def count_failure(sender: Any, task_id: str, exception: BaseException, **_: Any) -> None:
    """Signalled within a run, after one that broke off by an error inside Celery, or by the worker's main process."""
    if isinstance(exception, Reject):  # signalled by the worker after its process has counted the task as rejected
        return
    if request := celery_requests.deciding():
        celery_requests.count_once(request, "failed", exception)
    elif hasattr(sender.request, RUN):
        metrics.TASK_EXCEPTIONS.labels(sender.name, type(exception).__name__).inc()
    elif not celery_requests.is_counted(task_id):
        celery_requests.count(sender.name, "failed", exception)


def count_retry_reason(sender: Any, reason: Any = None, **_: Any) -> None:
    # A Retry holds what made the task ask for another try, or nothing when it just asked.
    cause = getattr(reason, "exc", None) or reason
    if request := celery_requests.deciding():
        celery_requests.count_once(request, "retried", cause)
    else:
        metrics.TASK_EXCEPTIONS.labels(sender.name, type(cause).__name__).inc()


def count_revoked(sender: Any, **_: Any) -> None:
    if request := celery_requests.deciding():
        celery_requests.count_once(request, "revoked", None)
    else:
        metrics.TASKS.labels(getattr(sender, "name", None) or "unknown", "revoked").inc()
