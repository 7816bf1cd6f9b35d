"""Writes one JSON object per line to stdout, with the fields of docs/reference/log-line.md."""

import json
import logging
import os
import sys
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class RequestIds:
    request_id: str | None = None
    trace_id: str | None = None
    span_id: str | None = None


NO_IDS = RequestIds()
current_ids: ContextVar[RequestIds] = ContextVar("current_ids", default=NO_IDS)

EXTRA_FIELDS = ("route", "method", "status", "duration", "view")


class JsonFormatter(logging.Formatter):
    def __init__(self, service: str) -> None:
        super().__init__()
        self.fixed = {
            "application": os.environ.get("APPLICATION", "sandbox"),
            "service": os.environ.get("SERVICE", service),
            "env": os.environ.get("ENV", "sandbox"),
            "version": os.environ.get("VERSION", "dev"),
        }

    def format(self, record: logging.LogRecord) -> str:
        ids = current_ids.get()
        line: dict[str, object] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **self.fixed,
            "request_id": getattr(record, "request_id", ids.request_id),
            "trace_id": getattr(record, "trace_id", ids.trace_id),
            "span_id": getattr(record, "span_id", ids.span_id),
            "user_id": None,
            "org_id": None,
            "task_id": None,
        }
        for field in EXTRA_FIELDS:
            if hasattr(record, field):
                line[field] = getattr(record, field)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def configure(service: str) -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter(service))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
