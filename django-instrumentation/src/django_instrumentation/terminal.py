"""Log lines for people: where they go to a terminal, or DEBUG is on."""

import logging
import os
import sys

from django_instrumentation import context, output, records, scrub

COLORS = {"DEBUG": "2", "WARNING": "33", "ERROR": "31", "CRITICAL": "1;31"}
MAX_TEXT = 12_000


def is_wanted(log_format: str) -> bool:
    if log_format != "auto":
        return log_format == "text"
    # gunicorn's master has no settings. It must not even import them: gevent's patching would then load some.
    loaded = sys.modules.get("django.conf")
    return output.is_terminal() or (loaded is not None and loaded.settings.configured and bool(loaded.settings.DEBUG))


class TextFormatter(logging.Formatter):
    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S")
        self.is_colored = output.is_terminal() and not os.environ.get("NO_COLOR")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        ids = getattr(record, context.ATTRIBUTE, context.NO_FIELDS)
        return super().formatMessage(record) + (f" [{ids['request_id']}]" if ids["request_id"] else "")

    def format(self, record: logging.LogRecord) -> str:
        try:
            text = super().format(records.from_structlog(record))
        except Exception as error:
            text = super().format(records.mended(record, error))
        first, *more = scrub.clean(text, MAX_TEXT).split("\n")
        if self.is_colored and (color := COLORS.get(record.levelname)):
            first = f"\033[{color}m{first}\033[0m"
        return "\n".join((first, *more))
