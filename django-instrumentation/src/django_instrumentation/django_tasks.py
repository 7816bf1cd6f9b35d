"""Django's own tasks (django.tasks, since 6.0, and the package django_tasks) turned into ids, metrics and log lines.

They have metrics of their own names: what reads celery_tasks_total asks whether Celery's workers do their work.
"""

import logging
import os
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.utils.autoreload import DJANGO_AUTORELOAD_ENV

from django_instrumentation import conf, context, metrics, multiprocess, task_run
from django_instrumentation.task_run import TaskRun

FRAMEWORKS = ("django.tasks", "django_tasks")
STATES = {"SUCCESSFUL": "succeeded", "FAILED": "failed"}
logger = logging.getLogger(__name__)

_running: dict[str, list[TaskRun]] = {}
"""By the id of the task's result."""


def connect() -> None:
    """Connect the signals of each framework that is installed; more than once does no harm."""
    for framework in FRAMEWORKS:
        if find_spec(framework) is None:
            continue
        signals = import_module(f"{framework}.signals")
        signals.task_enqueued.connect(_count_sent, dispatch_uid="django_instrumentation.sent")
        signals.task_started.connect(_begin, dispatch_uid="django_instrumentation.begin")
        signals.task_finished.connect(_end, dispatch_uid="django_instrumentation.end")


def serve_worker(arguments: list[str]) -> None:
    """Serve the metrics and health of `manage.py db_worker`, which answers no requests by itself."""
    if arguments[1:2] != ["db_worker"] or _only_reloads(arguments):
        return
    from django_instrumentation.server import Server

    port = conf.get().server_port
    try:
        server = Server(port, collectors=(), ready_checks=("database",))
    except SystemExit as error:  # there may be many workers on a machine, and none has asked for this
        logger.warning("This db_worker's metrics can't be read: %s", error)
        return
    multiprocess.enter(f"db_worker-{port}")
    server.start()


def _only_reloads(arguments: list[str]) -> bool:
    """Whether this process only starts the worker anew when code changes, as it does by itself with DEBUG."""
    reloads = "--reload" in arguments or (settings.DEBUG and not {"--no-reload", "--batch"}.intersection(arguments))
    return reloads and os.environ.get(DJANGO_AUTORELOAD_ENV) != "true"


def _count_sent(task_result: Any, **_: Any) -> None:
    name = task_result.task.module_path
    metrics.DJANGO_TASKS.labels(name, "sent").inc()
    if not _is_immediate(task_result):
        # A database keeps no ids of ours: this line joins the request's with the task's.
        fields = {"task": name, "state": "sent", "id": str(task_result.id)}
        task_run.log.info("%s sent", name, extra=fields)


def _begin(task_result: Any, **_: Any) -> None:
    task, task_id = task_result.task, str(task_result.id)
    opened = context.from_message(context.to_message(), task_id)
    _running.setdefault(task_id, []).append(TaskRun(opened, task.module_path, "django"))
    began = task_result.last_attempted_at
    if began and task_result.enqueued_at and not task.run_after and not _is_immediate(task_result):
        waited = (began - task_result.enqueued_at).total_seconds()
        metrics.DJANGO_TASK_WAIT.labels(task.queue_name).observe(max(0.0, waited))


def _end(task_result: Any, **_: Any) -> None:
    task_id, name = str(task_result.id), task_result.task.module_path
    outcome = STATES.get(str(task_result.status), str(task_result.status).lower())
    metrics.DJANGO_TASKS.labels(name, outcome).inc()
    runs = _running.get(task_id)
    if not runs:  # it could not be started
        return
    run = runs.pop()
    if not runs:
        del _running[task_id]
    run.end(outcome, metrics.DJANGO_TASK_DURATION)


def _is_immediate(task_result: Any) -> bool:
    """Whether it runs where it is sent, so that it neither waits nor loses the ids."""
    return type(task_result.task.get_backend()).__name__ == "ImmediateBackend"
