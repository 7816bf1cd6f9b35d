"""One JSON object per line on stdout from Django, gunicorn, Celery and libraries alike."""

import logging
import sys
from datetime import UTC, datetime
from functools import lru_cache
from types import TracebackType
from typing import Any

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter

from django_o11y import conf, context, scrub
from django_o11y.line_handler import LineHandler

ACCESS_LOGGER = "access"
ACCESS_FIELDS = ("route", "method", "status", "duration", "view")
MAX_MESSAGE = 4_000
MAX_EXCEPTION = 12_000
# A request's line names method, route and status, and of those there are few.
clean_access = lru_cache(maxsize=1024)(scrub.clean)
NOT_EXTRA = {*RESERVED_ATTRS, "ids"}
# What some libraries put beside their messages: the arguments of a task, the whole request.
NOT_EXTRA_OF = {"celery": {"data"}, "django": {"request", "server_time"}, ACCESS_LOGGER: {*ACCESS_FIELDS}}


class IdsFilter(logging.Filter):
    """Adds the ids to the record in the thread that logs, since no other thread knows them."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.ids = context.current_fields()
        return True


class WithExceptionFilter(logging.Filter):
    """django.request logs every 5xx answer at ERROR: keep those with an exception, the access line has the others."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.exc_info is not None


class ClientErrorFilter(logging.Filter):
    """Counts what Django logs about a request that it answers with a 400; the access line says the rest."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.ERROR or not record.name.startswith("django.security."):
            return True
        from django_o11y import metrics  # not above: gunicorn's master writes lines, but has no metrics

        metrics.CLIENT_ERRORS.labels(record.name.rpartition(".")[2]).inc()
        return False


class LineFormatter(JsonFormatter):
    """A fixed set of fields; what a caller adds lies below `extra` and can't pose as one of them."""

    def __init__(self, *, service: str, env: str, version: str) -> None:
        super().__init__()
        self.static = {"service": service, "env": env, "version": version}

    def format(self, record: logging.LogRecord) -> str:
        try:
            record.getMessage()
        except (TypeError, ValueError, KeyError) as error:
            record.msg, record.args = f"{record.msg!s} [arguments that don't fit: {error}]", None
        return super().format(record)

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        message = record.getMessage() if not isinstance(record.msg, dict) else str(scrub.scrub_value(record.msg))
        log_data["timestamp"] = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        log_data["level"] = record.levelname
        log_data["logger"] = record.name
        clean = clean_access if record.name == ACCESS_LOGGER else scrub.clean
        log_data["message"] = clean(message, MAX_MESSAGE)
        log_data.update(self.static)
        log_data.update(getattr(record, "ids", context.NO_FIELDS))
        given = record.__dict__
        if record.name == ACCESS_LOGGER:
            log_data.update({name: given.get(name) for name in ACCESS_FIELDS})
        if trace := "\n".join(filter(None, (message_dict.get("exc_info"), message_dict.get("stack_info")))):
            log_data["exception"] = scrub.clean(trace, MAX_EXCEPTION)
        known = NOT_EXTRA.union(NOT_EXTRA_OF.get(record.name.partition(".")[0], ()))
        if extra := {name: value for name, value in given.items() if name not in known}:
            log_data["extra"] = scrub.scrub_value(extra)


def logging_config(settings: conf.Settings) -> dict[str, Any]:
    """The dictionary for Django's LOGGING and gunicorn's logconfig_dict."""
    line = {"service": settings.service, "env": settings.env, "version": settings.version}
    to_root: dict[str, Any] = {"handlers": [], "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {
            "ids": {"()": IdsFilter},
            "with_exception": {"()": WithExceptionFilter},
            "client_errors": {"()": ClientErrorFilter},
        },
        "formatters": {"line": {"()": LineFormatter, **line}},
        "handlers": {"stdout": {"()": LineHandler, "formatter": "line", "filters": ["client_errors", "ids"]}},
        "root": {"handlers": ["stdout"], "level": settings.log_level},
        "loggers": {
            "django": {**to_root, "level": "INFO"},
            "django.server": {**to_root, "level": "INFO"},
            # A 4xx is in the access line; a 5xx without an exception too.
            "django.request": {**to_root, "level": "ERROR", "filters": ["with_exception"]},
            "gunicorn.error": {**to_root, "level": "INFO"},
            "gunicorn.access": {"handlers": [], "propagate": False},
            # One line per received and per finished task, with the task's arguments in it.
            "celery.worker.strategy": {**to_root, "level": "WARNING"},
            "celery.app.trace": {**to_root, "level": "WARNING"},
            # Celery's pool, which tells of dead processes here, forbids this logger to propagate.
            "multiprocessing": {"handlers": ["stdout"], "propagate": False, "level": "WARNING"},
        },
    }


def log_uncaught() -> None:
    """Write Python's warnings, and an exception that ends the process, as log lines."""
    logging.captureWarnings(True)
    sys.excepthook = _log_exception


def _log_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger("uncaught").critical("%s: %s", kind.__name__, error, exc_info=(kind, error, trace))
