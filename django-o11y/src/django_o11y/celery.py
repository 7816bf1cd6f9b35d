"""Celery's signals turned into metrics, ids and log lines; `setup(app)` is all that a project calls."""

import logging
from collections import deque
from contextlib import ExitStack
from time import perf_counter, time
from typing import Any

import celery.apps.worker
from celery import Celery, signals

from django_o11y import conf, context, metrics, multiprocess, tracing
from django_o11y.queues import QueueCollector
from django_o11y.server import Server

__all__ = ["setup"]

HEADER = "django_o11y"
STATES = {"SUCCESS": "succeeded", "FAILURE": "failed", "RETRY": "retried"}
COUNTED_STATES = ("sent", *STATES.values(), "revoked")
READY_CHECKS = ("database", "broker")
task_log = logging.getLogger("task")

_app: Celery | None = None
_server: Server | None = None
_running: dict[str, tuple[ExitStack, Any, float]] = {}
"""By task id: what to close at the end, its span if there is one, and when it began."""
_failed_without_run: deque[str] = deque(maxlen=1000)


def setup(app: Celery) -> None:
    """Connect everything. A process that is neither worker nor beat only sends tasks, so it only gets their ids."""
    global _app
    _app = app
    signals.setup_logging.connect(_keep_our_logging, weak=False)
    signals.before_task_publish.connect(_hand_on_ids, weak=False)
    signals.after_task_publish.connect(_count_sent, weak=False)
    signals.celeryd_init.connect(_start_worker, weak=False)
    signals.worker_init.connect(_serve_worker, weak=False)
    signals.worker_process_init.connect(_start_child, weak=False)
    signals.worker_process_shutdown.connect(_stop_child, weak=False)
    signals.beat_init.connect(_start_beat, weak=False)
    signals.task_prerun.connect(_begin_task, weak=False)
    signals.task_postrun.connect(_end_task, weak=False)
    signals.task_failure.connect(_count_failure, weak=False)
    signals.task_retry.connect(_count_retry_reason, weak=False)
    signals.task_revoked.connect(_count_revoked, weak=False)


def _keep_our_logging(**_: Any) -> None:
    """A receiver, even an empty one, keeps Celery from setting up a format of its own."""


# Processes


def _start_worker(instance: Any, **_: Any) -> None:
    _start_parent("worker")
    instance.quiet = True  # no banner: it is no log line
    celery.apps.worker.safe_say = lambda *_args, **_kwargs: None  # type: ignore[attr-defined]  # nor is "worker: Warm shutdown"


def _start_parent(role: str) -> None:
    # The port is the group's name: each worker of a machine needs a port of its own.
    multiprocess.enter(f"{role}-{conf.get().server_port}")
    metrics.BUILD_INFO.labels(conf.get().version).set(1)


def _serve_worker(**_: Any) -> None:
    assert _app is not None  # noqa: S101 - setup() connected this handler
    for task in _app.tasks:
        if not task.startswith("celery."):
            for state in COUNTED_STATES:
                metrics.TASKS.labels(task, state)
    _serve(QueueCollector(_app))


def _serve(*collectors: QueueCollector) -> None:
    global _server
    _server = Server(conf.get().server_port, collectors=collectors, ready_checks=READY_CHECKS)
    _server.start()


def _start_child(**_: Any) -> None:
    if _server is not None:
        _server.socket.close()  # inherited: the port would stay open after the parent's death
    tracing.start()


def _stop_child(**_: Any) -> None:
    tracing.stop()


def _start_beat(sender: Any, **_: Any) -> None:
    if _server is None:
        _start_parent("beat")
        _serve()
    else:  # beat inside a worker (-B)
        _server.socket.close()
    tracing.start()
    scheduler = sender.scheduler
    tick = scheduler.tick

    def tick_and_tell(*args: Any, **kwargs: Any) -> Any:
        result = tick(*args, **kwargs)
        metrics.beat_last_tick().set_to_current_time()
        return result

    scheduler.tick = tick_and_tell


# Tasks


def _hand_on_ids(sender: str, headers: dict[str, Any] | None = None, **_: Any) -> None:
    if headers is None:
        return
    carried: dict[str, Any] = {**context.to_message(), **tracing.send_span(sender)}
    if not headers.get("eta"):
        carried["sent_at"] = time()
    headers[HEADER] = carried


def _count_sent(sender: str, **_: Any) -> None:
    metrics.TASKS.labels(sender, "sent").inc()


def _begin_task(task_id: str, task: Any, **_: Any) -> None:
    carried = task.request.get(HEADER) or {}
    opened = context.from_message(carried, task_id)
    tracing.start()  # for pools without processes of their own; elsewhere it has begun
    with ExitStack() as stack:
        stack.enter_context(context.use(opened))
        span = stack.enter_context(tracing.task_span(opened, task.name))
        _running[task_id] = (stack.pop_all(), span, perf_counter())
    sent_at = carried.get("sent_at")
    if isinstance(sent_at, float) and not task.request.is_eager:
        queue = (task.request.delivery_info or {}).get("routing_key") or "unknown"
        metrics.QUEUE_WAIT.labels(queue).observe(max(0.0, time() - sent_at))


def _end_task(task_id: str, task: Any, state: str | None, **_: Any) -> None:
    if task_id not in _running:
        return
    stack, span, started = _running.pop(task_id)
    duration = perf_counter() - started
    outcome = STATES.get(state or "", (state or "unknown").lower())
    metrics.TASKS.labels(task.name, outcome).inc()
    metrics.TASK_DURATION.labels(task.name).observe(duration)
    fields = {"task": task.name, "state": outcome, "duration": round(duration, 6)}
    task_log.info("%s %s in %.3f s", task.name, outcome, duration, extra=fields)
    if span is not None:
        tracing.end_task(span, outcome)
    stack.close()


def _count_failure(sender: Any, task_id: str, exception: BaseException, **_: Any) -> None:
    if task_id not in _running:
        # Its process was killed or reached the time limit, which Celery tells twice; no end of the task was seen.
        if task_id in _failed_without_run:
            return
        _failed_without_run.append(task_id)
        metrics.TASKS.labels(sender.name, "failed").inc()
    metrics.TASK_EXCEPTIONS.labels(sender.name, type(exception).__name__).inc()


def _count_retry_reason(sender: Any, reason: Any, **_: Any) -> None:
    # A Retry holds what made the task ask for another try, or nothing when it just asked.
    cause = getattr(reason, "exc", None) or reason
    metrics.TASK_EXCEPTIONS.labels(sender.name, type(cause).__name__).inc()


def _count_revoked(sender: Any, **_: Any) -> None:
    metrics.TASKS.labels(getattr(sender, "name", None) or "unknown", "revoked").inc()
