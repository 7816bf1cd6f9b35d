"""One JSON object per line on stdout from Django, gunicorn, Celery and libraries alike."""

import json
import logging
from asyncio import CancelledError
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any

from django_instrumentation import conf, context, output, records, scrub, server_options, terminal
from django_instrumentation.line_handler import LineHandler

__all__ = ["LineFormatter", "LineHandler", "logging_config"]

HANDLER = "django_instrumentation"
ACCESS_LOGGER = "access"
SERVER_LOGGERS = ("gunicorn.error", "uvicorn.error")
ACCESS_FIELDS = ("route", "method", "status", "duration", "view")
MAX_MESSAGE = 4_000
MAX_EXCEPTION = 12_000
# A request's line names method, route and status, and of those there are few.
clean_access = lru_cache(maxsize=1024)(scrub.clean)
NOT_EXTRA = {*vars(logging.LogRecord("", 0, "", 0, "", None, None)), "message", "asctime", context.ATTRIBUTE}
# What some libraries put beside their messages: the arguments of a task, the whole request.
NOT_EXTRA_OF = {
    "celery": {*NOT_EXTRA, "data"},
    "django": {*NOT_EXTRA, "request", "server_time"},
    "uvicorn": {*NOT_EXTRA, "color_message"},
    ACCESS_LOGGER: {*NOT_EXTRA, *ACCESS_FIELDS},
}
ENCODER = json.JSONEncoder(default=str)


def add_ids(record: logging.LogRecord) -> bool:
    """In the thread that logs, since no other thread knows them; a record may have brought them itself."""
    if not hasattr(record, context.ATTRIBUTE):
        setattr(record, context.ATTRIBUTE, context.current_fields())
    return True


def is_no_answer(record: logging.LogRecord) -> bool:
    """The access line has every answer: drop runserver's own, and of django.request's all without an exception."""
    if record.name == "django.server":
        return not hasattr(record, "status_code")
    if record.name == "django.channels.server":  # runserver of daphne, which also names the client's address
        return not isinstance(record.args, dict)
    return record.name != "django.request" or (record.levelno >= logging.ERROR and record.exc_info is not None)


def is_not_logged_yet(record: logging.LogRecord) -> bool:
    """The server logs an exception in a streaming body once more, without the ids of its request."""
    return not (record.exc_info and is_logged(record.exc_info[1]))


def is_logged(error: BaseException | None) -> bool:
    """Whether it is an error line, and an event, already; also what ends the other requests of a process by it."""
    if isinstance(error, CancelledError):
        error = error.__context__
    return bool(error is not None and error.__dict__.get("is_logged"))


def mark_as_logged(error: BaseException, value: bool = True) -> None:
    error.__dict__["is_logged"] = value  # not as an attribute, which a frozen exception refuses


def is_asked_for(level: int, record: logging.LogRecord) -> bool:
    """Where a server's own level lets the handler take more lines than LOG_LEVEL does: those of the server alone."""
    return record.levelno >= level or record.name in SERVER_LOGGERS


def is_no_client_error(record: logging.LogRecord) -> bool:
    """Counts what Django logs about a request that it answers with a 400; the access line says the rest."""
    if record.levelno < logging.ERROR or not record.name.startswith("django.security."):
        return True
    from django_instrumentation import metrics  # not above: gunicorn's master writes lines, but has no metrics

    metrics.CLIENT_ERRORS.labels(record.name.rpartition(".")[2]).inc()
    return False


class LineFormatter(logging.Formatter):
    """A fixed set of fields; what a caller adds lies below `extra` and can't pose as one of them."""

    def __init__(self, *, application: str, service: str, env: str, version: str) -> None:
        super().__init__()
        self.static = {"application": application, "service": service, "env": env, "version": version}

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever is in the record."""
        try:
            return self._line(records.from_structlog(record))
        except Exception as error:
            return self._line(records.mended(record, error))

    def _line(self, record: logging.LogRecord) -> str:
        if not isinstance(record.msg, dict):
            record.getMessage()  # fails where a handler that follows would fail, too
        clean = clean_access if record.name == ACCESS_LOGGER else scrub.clean
        line: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": clean(scrub.message_of(record), MAX_MESSAGE),
            **self.static,
            **getattr(record, context.ATTRIBUTE, context.NO_FIELDS),
        }
        given = record.__dict__
        if record.name == ACCESS_LOGGER:
            line.update({name: given.get(name) for name in ACCESS_FIELDS})
        exception = self.formatException(record.exc_info) if record.exc_info else record.exc_text
        stack = self.formatStack(record.stack_info) if record.stack_info else None
        if trace := "\n".join(filter(None, (exception, stack))):
            line["exception"] = scrub.clean(trace, MAX_EXCEPTION)
        known = NOT_EXTRA_OF.get(record.name.partition(".")[0], NOT_EXTRA)
        if extra := {name: value for name, value in given.items() if name not in known}:
            line["extra"] = scrub.scrub_value(extra)
        return ENCODER.encode(line)


FILTERS = (is_no_answer, is_no_client_error, is_not_logged_yet, add_ids)
"""Of our handler."""


def make_formatter(*, log_format: str, **static: str) -> logging.Formatter:
    """Chosen when logging is configured, since DEBUG is known only then."""
    return terminal.TextFormatter() if terminal.is_wanted(log_format) else LineFormatter(**static)


def logging_config(settings: conf.Settings) -> dict[str, Any]:
    """The dictionary for Django's LOGGING and gunicorn's logconfig_dict."""
    output.choose()
    line = {
        "()": make_formatter,
        "log_format": settings.log_format,
        "application": settings.application,
        "service": settings.service,
        "env": settings.env,
        "version": settings.version,
    }
    own: dict[str, Any] = {"level": settings.log_level}
    to_root: dict[str, Any] = {"handlers": [], "propagate": True}
    silent = {"handlers": [], "propagate": False}
    kept = {name: server_options.handlers_of(name) for name in SERVER_LOGGERS}
    levels = {name: server_options.level_of(name) for name in SERVER_LOGGERS}
    # gunicorn always sets a level, INFO where nobody asked for one: only a lower one was asked for.
    asked = [level for level in levels.values() if level < logging.INFO]
    level = logging.getLevelNamesMapping()[settings.log_level]
    lowest = min([level, *asked])
    filters = [*FILTERS] if lowest == level else [partial(is_asked_for, level), *FILTERS]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {HANDLER: line},
        "handlers": {
            HANDLER: {"()": LineHandler, "formatter": HANDLER, "filters": filters, "level": lowest},
            **{name: handler for found in kept.values() for name, handler in found.items()},
        },
        "root": {"handlers": [HANDLER], "level": settings.log_level},
        "loggers": {
            "django": {**to_root, "level": "INFO"},
            # The access line is the middleware's. Those of the servers have the raw query string.
            **dict.fromkeys(("gunicorn.access", "uvicorn.access"), silent),
            "django.server": {**to_root, "level": "INFO"},
            "django.request": to_root,
            # Whatever level a project gives to its root.
            **dict.fromkeys((ACCESS_LOGGER, "task", "uncaught"), own),
            # On the loggers, so that the Sentry SDK, which watches those, makes no second event.
            **{
                name: {**to_root, "handlers": [*kept[name]], "level": levels[name], "filters": [is_not_logged_yet]}
                for name in SERVER_LOGGERS
            },
            # uvicorn gives it a handler of its own before it loads the application.
            "uvicorn": {**to_root, "level": "INFO"},
            # One line per received and per finished task, with the task's arguments in it.
            "celery.worker.strategy": {**to_root, "level": "WARNING"},
            "celery.app.trace": {**to_root, "level": "WARNING"},
            # Celery's pool, which logs dead processes here, forbids this logger to propagate.
            "multiprocessing": {"handlers": [HANDLER], "propagate": False, "level": "WARNING"},
        },
    }
