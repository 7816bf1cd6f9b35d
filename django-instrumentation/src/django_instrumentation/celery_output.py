"""What worker and beat print or log by themselves, made into log lines without anybody's arguments."""

import logging
import sys
from importlib import import_module
from typing import Any

from celery import Celery

from django_instrumentation import celery_requests, context, metrics, output

UNREGISTERED, INVALID = "unregistered", "invalid"
"""The label `task` of messages for no task of this worker; a name that a message says may be anything."""
BROKEN = "A message is no task (%s) and was dropped. Who sends to this queue, and by which serializer?"
UNKNOWN = "A message asks for the task %s, which isn't registered here, and was dropped. Does this worker import it?"
log = logging.getLogger(__name__)


def silence_banners() -> None:
    """No banner, and nothing that is printed when a signal arrives: they are no log lines. On a terminal they stay."""
    if sys.stdout is None or output.is_terminal():
        return
    import celery.apps.beat
    import celery.apps.worker

    for module in (celery.apps.beat, celery.apps.worker):
        module.print = _say  # type: ignore[attr-defined]
    celery.apps.worker.safe_say = lambda *_, **__: None  # type: ignore[attr-defined]  # from handlers of signals


def _say(text: object = "", **_: Any) -> None:
    """One line, such as how many messages were purged, is logged; a banner isn't."""
    if "\n" not in (line := str(text).strip()):
        log.info("%s", line)


def redirect_prints(app: Celery) -> None:
    """What tasks and libraries print becomes a log line, as Celery does it when it sets up logging by itself."""
    if app.conf.worker_redirect_stdouts and not output.is_terminal():
        app.log.redirect_stdouts(app.conf.worker_redirect_stdouts_level)


def replace_message_dumps() -> None:
    logging.getLogger("celery.worker.consumer.consumer").addFilter(_is_no_message_dump)


def _is_no_message_dump(record: logging.LogRecord) -> bool:
    """Where Celery logs a whole message that it can't use, with all arguments, say the task's name and count it."""
    consumer: Any = import_module("celery.worker.consumer.consumer")
    args: Any = record.args
    if record.msg == consumer.UNKNOWN_TASK_ERROR:
        _report(UNREGISTERED, UNKNOWN, repr(_text(args[0]))[:100], headers=args[2])
    elif record.msg in (consumer.INVALID_TASK_ERROR, consumer.MESSAGE_DECODE_ERROR):
        _report(INVALID, BROKEN, type(args[0]).__name__)
    elif record.msg == consumer.UNKNOWN_FORMAT:
        _report(INVALID, BROKEN, "it names none")
    else:
        return True
    return False


def _text(error: Any) -> str:
    """The name that a KeyError says is missing."""
    return str(error.args[0]) if getattr(error, "args", None) else str(error)


def _report(task: str, message: str, detail: str, headers: Any = None) -> None:
    metrics.TASKS.labels(task, "failed").inc()
    given = headers if isinstance(headers, dict) else {}
    task_id = str(given.get("id"))
    known = task_id if context.REQUEST_ID.fullmatch(task_id) else "unknown"
    with context.use(context.from_message(given.get(celery_requests.HEADER), known)):
        log.error(message, detail)
