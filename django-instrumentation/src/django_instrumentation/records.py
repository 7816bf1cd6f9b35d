"""Log records that a formatter can't take as they are. It gets a copy, since other handlers have the record too."""

import copy
import logging
import sys
from typing import Any

from django_instrumentation import context

KEPT = ("name", "levelno", "levelname", "created", "exc_info", "exc_text", "stack_info", context.ATTRIBUTE)


def mended(record: logging.LogRecord, error: Exception) -> logging.LogRecord:
    """The record without its extras; arguments that can't be shown are also kept from the handlers that follow."""
    note = f"can't be shown: {type(error).__name__}]"
    try:
        text = f"{record.getMessage()} [the extras {note}"
    except Exception:
        template = record.msg if isinstance(record.msg, str) else f"<{type(record.msg).__name__}>"
        text = record.msg = f"{template} [the arguments {note}"
        record.args = None
    found = logging.makeLogRecord({name: record.__dict__[name] for name in KEPT if name in record.__dict__})
    found.msg = text
    return found


def from_structlog(record: logging.LogRecord) -> logging.LogRecord:
    """structlog's ProcessorFormatter hands on a dictionary: its event is the message, the rest are extras."""
    if not isinstance(record.msg, dict) or "event" not in record.msg or not hasattr(record, "_logger"):
        return record
    found = copy.copy(record)
    extras: dict[str, Any] = dict(record.msg)
    found.msg, found.args = str(extras.pop("event")), None
    raised = extras.pop("exc_info", None)
    if isinstance(raised, BaseException):
        found.exc_info = (type(raised), raised, raised.__traceback__)
    elif raised:  # True or what sys.exc_info() gives; a formatter is called where the line was written
        found.exc_info = raised if isinstance(raised, tuple) else sys.exc_info()
    del found.__dict__["_logger"], found.__dict__["_name"]
    found.__dict__.update({name: value for name, value in extras.items() if name not in found.__dict__})
    return found
