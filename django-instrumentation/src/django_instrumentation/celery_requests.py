"""What only the worker's main process sees of a task: that its process was killed, or that its time was over.

A run that breaks off (SIGTERM at a time limit, sys.exit(), the kernel's killer) has no outcome in its own process.
Celery decides it in methods of its Request: what those do (fail, retry, revoke, requeue) is counted, once for each.
"""

import logging
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any

from billiard.process import current_process
from celery.exceptions import Reject, TimeLimitExceeded, WorkerLostError

from django_instrumentation import context, metrics

HEADER = "django_instrumentation"
"""The header of a task's message that carries our ids."""
COUNTED = "_django_instrumentation_counted"
"""The attribute of a Request that says whether its run has been counted."""
REQUEUED = "_django_instrumentation_requeued"
"""The attribute of one whose message was given back to its queue."""
HARD_LIMIT = "Hard time limit (%ss) exceeded for %s[%s]"
EXIT = "Process %r pid:%r exited with %r"
MAX_PROCESSES = 100

_deciding: ContextVar[Any] = ContextVar("django_instrumentation_deciding", default=None)
_broken_off: dict[int, context.Context] = {}
"""By process id, the tasks whose runs ended with their processes."""


def watch() -> None:
    """Give Celery's decisions the ids of their task, and count them. More than once does no harm."""
    from celery.worker.request import Request  # not above: a web process needs nothing of the worker

    request: Any = Request
    if hasattr(request, COUNTED):
        return
    setattr(request, COUNTED, False)
    request.on_failure = _with_ids(_count_decision(request.on_failure))
    request.reject = _note_requeued(request.reject)
    request.on_timeout = _with_ids(request.on_timeout)
    for name in ("terminate", "cancel"):
        setattr(request, name, _with_ids(_remember_process(getattr(request, name))))
    logging.getLogger("celery.worker.request").addFilter(_lower_time_limit)
    logging.getLogger("multiprocessing").addFilter(_attribute_exit)


def is_pool_process() -> bool:
    """Whether a main process decides what becomes of a run that breaks off here."""
    return str(current_process().name) != "MainProcess"


def deciding() -> Any:
    """The Request whose outcome Celery decides just now in the worker's main process; else None."""
    return _deciding.get()


def count_once(request: Any, outcome: str, error: BaseException | None) -> None:
    if getattr(request, COUNTED, False):
        return
    setattr(request, COUNTED, True)
    count(request.task.name, outcome, error)


def count(task: str, outcome: str, error: BaseException | None) -> None:
    metrics.TASKS.labels(task, outcome).inc()
    if error is not None and not isinstance(error, Reject):
        metrics.TASK_EXCEPTIONS.labels(task, type(error).__name__).inc()


def count_here(task: Any, task_id: str, error: BaseException) -> str:
    """The outcome of a run that broke off in the main process itself, as in the pools `solo` and `threads`."""
    from celery.worker.state import requests

    request = requests.get(task_id)
    # What ends a thread or the worker keeps Celery from acknowledging: the message comes again.
    ends_more = isinstance(error, MemoryError | Reject) or not isinstance(error, Exception)
    outcome = "rejected" if ends_more and request is not None and not request.acknowledged else "failed"
    if request is None:
        count(task.name, outcome, error)
    else:
        count_once(request, outcome, error)
    return outcome


def is_counted(task_id: str) -> bool:
    """Whether count_here has counted the present run of a task."""
    from celery.worker.state import requests

    return bool(getattr(requests.get(task_id), COUNTED, False))


def _with_ids(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        token = _deciding.set(self)
        try:
            with context.use(_context_of(self)):
                return method(self, *args, **kwargs)
        finally:
            _deciding.reset(token)

    return call


def _context_of(request: Any) -> context.Context:
    return context.from_message(request.request_dict.get(HEADER), request.id)


def _count_decision(on_failure: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(on_failure)
    def call(self: Any, exc_info: Any, send_failed_event: bool = True, return_ok: bool = False) -> None:
        if return_ok:  # the run came to its end, and was counted there
            setattr(self, COUNTED, True)
        error = getattr(exc_info.exception, "exc", None) or exc_info.exception
        if isinstance(error, WorkerLostError | TimeLimitExceeded | SystemExit | KeyboardInterrupt):
            _remember(self)
        was_heard = False
        try:
            on_failure(self, exc_info, send_failed_event=send_failed_event, return_ok=return_ok)
            was_heard = True
        finally:
            # Celery signals neither that it requeued a message, nor that a lost process had stored a success before.
            if getattr(self, REQUEUED, False) or not self.acknowledged or isinstance(error, Reject):
                count_once(self, "rejected", error)
            elif was_heard and isinstance(error, WorkerLostError):
                count_once(self, "succeeded", None)
            else:
                count_once(self, "failed", error)

    return call


def _note_requeued(reject: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(reject)
    def call(self: Any, requeue: bool = False) -> None:
        setattr(self, REQUEUED, requeue)
        reject(self, requeue=requeue)

    return call


def _remember_process(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        _remember(self)
        return method(self, *args, **kwargs)

    return call


def _remember(request: Any) -> None:
    if request.worker_pid is None:
        return
    while len(_broken_off) >= MAX_PROCESSES:
        _broken_off.pop(next(iter(_broken_off)))
    _broken_off[request.worker_pid] = _context_of(request)


def _lower_time_limit(record: logging.LogRecord) -> bool:
    """Celery's second line of such a task; the first is an error, with the exception, and makes the event."""
    if record.msg == HARD_LIMIT:
        _lower(record)
    return True


def _attribute_exit(record: logging.LogRecord) -> bool:
    """A process that ended with its task has that task's ids and error; one that had none stays an error itself."""
    if record.msg == EXIT and isinstance(record.args, tuple) and (ended := _task_of_process(record.args[1])):
        setattr(record, context.ATTRIBUTE, ended.fields())
        _lower(record)
    return True


def _task_of_process(pid: Any) -> context.Context | None:
    from celery.worker.state import active_requests

    if pid in _broken_off:
        return _broken_off.pop(pid)
    return next((_context_of(each) for each in list(active_requests) if each.worker_pid == pid), None)


def _lower(record: logging.LogRecord) -> None:
    record.levelno, record.levelname = logging.WARNING, "WARNING"
