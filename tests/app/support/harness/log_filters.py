"""Filters and handlers of a project's own LOGGING."""

import logging


class Wanted(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return record.name != "shop"


class Numbered(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.number = 1
        return True


class Handlers:
    class Console(logging.StreamHandler):  # type: ignore[type-arg]
        pass
