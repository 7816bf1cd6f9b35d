"""Celery's processes: what worker, beat and their children do at their start. Set up by itself, by apps.py.

A process that is neither worker nor beat only sends tasks: it gets their ids and counts them.
"""

import logging
import sys
from typing import Any

from celery import signals

from django_instrumentation import (
    celery_output,
    celery_requests,
    celery_tasks,
    conf,
    forks,
    metrics,
    multiprocess,
    queues,
    server_options,
    tracing,
)
from django_instrumentation.server import Server

READY_CHECKS = ("database", "broker")

_server: Server | None = None


def connect(*, is_logging_ours: bool = True) -> None:
    """Connect everything; more than once does no harm. Where LOGGING_CONFIG is the project's, Celery logs by itself."""
    receivers: dict[Any, Any] = {
        signals.before_task_publish: celery_tasks.hand_on_ids,
        signals.after_task_publish: celery_tasks.count_sent,
        signals.celeryd_init: _start_worker,
        signals.worker_init: _serve_worker,
        signals.worker_process_init: _start_child,
        signals.worker_process_shutdown: _stop_child,
        signals.beat_init: _start_beat,
        signals.task_received: queues.hold,
        signals.task_prerun: celery_tasks.begin,
        signals.task_postrun: celery_tasks.end,
        signals.task_failure: celery_tasks.count_failure,
        signals.task_retry: celery_tasks.count_retry_reason,
        signals.task_revoked: celery_tasks.count_revoked,
    }
    for signal, receiver in receivers.items():
        signal.connect(receiver, weak=False, dispatch_uid=f"django_instrumentation.{receiver.__name__}")
    uid = "django_instrumentation.setup_logging"
    if is_logging_ours:
        signals.setup_logging.connect(_keep_our_logging, weak=False, dispatch_uid=uid)
    else:
        signals.setup_logging.disconnect(dispatch_uid=uid)
    if "celery.bin.celery" in sys.modules:  # the command `celery`; beat prints before any signal is sent
        celery_output.silence_banners()


def _keep_our_logging(**given: Any) -> None:
    """A receiver keeps Celery from setting up a format of its own, and from the signals that it sends afterwards."""
    server_options.write_more(given.get("loglevel"), given.get("logfile"))
    names = {"loglevel", "logfile", "format", "colorize"}
    options = {name: value for name, value in given.items() if name in names}
    signals.after_setup_logger.send(sender=None, logger=logging.getLogger(), **options)
    signals.after_setup_task_logger.send(sender=None, logger=logging.getLogger("celery.task"), **options)


def _start_worker(**_: Any) -> None:
    celery_output.silence_banners()
    celery_output.replace_message_dumps()
    celery_requests.watch()
    _start_parent("worker")


def _start_parent(role: str) -> None:
    forks.wait_long()
    # The port is the group's name: each worker of a machine needs a port of its own.
    multiprocess.enter(f"{role}-{conf.get().server_port}")
    metrics.BUILD_INFO.labels(conf.get().version).set(1)


def _serve_worker(sender: Any, **_: Any) -> None:
    celery_output.redirect_prints(sender.app)
    for task in (*sender.app.tasks, celery_output.UNREGISTERED, celery_output.INVALID):
        if not task.startswith("celery."):
            for state in celery_tasks.COUNTED_STATES:
                metrics.TASKS.labels(task, state)
    _serve(queues.QueueCollector(sender.app))


def _serve(*collectors: queues.QueueCollector) -> None:
    global _server
    _server = Server(conf.get().server_port, collectors=collectors, ready_checks=READY_CHECKS)
    _server.start()


def _start_child(**_: Any) -> None:
    """Also sent by the pools that have no processes, in the worker's own."""
    if _server is not None and _server.is_inherited:
        _server.socket.close()  # the port would stay open after the parent's death
    tracing.start()


def _stop_child(**_: Any) -> None:
    tracing.stop()


def _start_beat(sender: Any, **_: Any) -> None:
    if _server is None:
        _start_parent("beat")
        _serve()
        celery_output.redirect_prints(sender.app)
    elif _server.is_inherited:
        # `worker -B`: Celery closed all descriptors of this child; the socket's number may be another file's by now.
        _server.socket.detach()
    tracing.start()
    metrics.beat_last_tick().set_to_current_time()  # for a beat whose first tick never ends
    _watch_ticks(sender)


def _watch_ticks(service: Any) -> None:
    """Tell when beat ticks, and let a signal stop it within a tick as well as between two.

    Celery's handler closes the connection that a tick is reading from and raises SystemExit; the reader then fails with
    an error that takes its place, Celery logs that one, and beat runs on until it is killed. start() closes it anyway.
    """
    tick, sync = service.scheduler.tick, service.sync
    ticking = False

    def tick_and_tell(*args: Any, **kwargs: Any) -> Any:
        nonlocal ticking
        ticking = True
        try:
            result = tick(*args, **kwargs)
        finally:
            ticking = False
        metrics.beat_last_tick().set_to_current_time()
        return result

    def sync_between_ticks() -> None:
        if not ticking:
            sync()

    service.scheduler.tick, service.sync = tick_and_tell, sync_between_ticks
