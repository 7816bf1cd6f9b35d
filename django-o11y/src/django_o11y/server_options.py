"""What a server's own options ask of its log: a level, a file, syslog. They stay, beside the lines on stdout."""

import logging
import logging.handlers
from functools import partial
from typing import Any


def level_of(name: str) -> int:
    """What the server has set its logger to: --log-level."""
    return logging.getLogger(name).level or logging.INFO


def handlers_of(name: str) -> dict[str, dict[str, Any]]:
    """For dictConfig, by name: gunicorn's for --error-logfile and --log-syslog; not the one for its console."""
    return {
        f"{name}.{type(handler).__name__}": {"()": partial(_itself, handler)}
        for handler in logging.getLogger(name).handlers
        if getattr(handler, "_gunicorn", False) and type(handler) is not logging.StreamHandler
    }


def _itself(handler: logging.Handler) -> logging.Handler:
    return handler


def write_more(level: int | None, file: object) -> None:
    """What Celery's --loglevel and --logfile ask for: lower levels, and a copy of each line. Twice does no harm."""
    root = logging.getLogger()
    ours = [handler for handler in root.handlers if handler.name == "django_o11y"]
    level = level or root.level
    root.setLevel(min(root.level, level))
    for handler in ours:
        handler.setLevel(min(handler.level, level))
    if isinstance(file, str) and all(handler.name != file for handler in root.handlers):
        copy = logging.handlers.WatchedFileHandler(file, encoding="utf-8", delay=True)
        copy.name = file
        for handler in ours:
            copy.setFormatter(handler.formatter)
            copy.filters = handler.filters
        root.addHandler(copy)
