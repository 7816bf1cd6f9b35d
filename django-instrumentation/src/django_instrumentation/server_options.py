"""What a server's own options ask of its log: a level, a file, syslog. They stay, beside the lines on stdout."""

import logging
import logging.handlers
import sys
from functools import partial
from typing import Any

logger = logging.getLogger(__name__)


class LogFile(logging.handlers.WatchedFileHandler):
    """While it can't be written, its own lines are lost, and nobody who logs hears of it."""

    _is_told = False

    def emit(self, record: logging.LogRecord) -> None:
        try:
            super().emit(record)
        except OSError:  # such as a folder that is gone: logging lets what open() raises go to whoever logs
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        from django_instrumentation import metrics  # not above: gunicorn's master has options, but no metrics

        metrics.LOG_LINES_DROPPED.labels("write_failed").inc()
        if not self._is_told:
            self._is_told = True
            logger.warning("%s can't be written (%s); its lines are lost.", self.baseFilename, sys.exc_info()[1])


def level_of(name: str) -> int:
    """What the server has set its logger to: --log-level."""
    return logging.getLogger(name).level or logging.INFO


def handlers_of(name: str) -> dict[str, dict[str, Any]]:
    """For dictConfig, by name: gunicorn's for --error-logfile and --log-syslog; not the one for its console."""
    found = {}
    for handler in logging.getLogger(name).handlers:
        if getattr(handler, "_gunicorn", False) and type(handler) is not logging.StreamHandler:
            # dictConfig closes all handlers first. A worker may lack the right to open the master's file again.
            handler.__dict__["close"] = handler.flush
            found[f"{name}.{type(handler).__name__}"] = {"()": partial(_itself, handler)}
    return found


def _itself(handler: logging.Handler) -> logging.Handler:
    return handler


def write_more(level: int | None, file: object) -> None:
    """What Celery's --loglevel and --logfile ask for: lower levels, and a copy of each line. Twice does no harm."""
    root = logging.getLogger()
    ours = [handler for handler in root.handlers if handler.name == "django_instrumentation"]
    level = level or root.level
    root.setLevel(min(root.level, level))
    for handler in ours:
        handler.setLevel(min(handler.level, level))
    if isinstance(file, str) and all(handler.name != file for handler in root.handlers):
        for of_parent in [handler for handler in root.handlers if isinstance(handler, LogFile)]:
            root.removeHandler(of_parent)  # with %I each child has a file of its own
        copy = LogFile(file, encoding="utf-8", delay=True)
        copy.name = file
        for handler in ours:
            copy.setFormatter(handler.formatter)
            copy.filters = handler.filters
        root.addHandler(copy)
