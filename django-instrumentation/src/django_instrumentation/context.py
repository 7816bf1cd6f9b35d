"""Which request or task is being worked on: the ids that join log lines, errors, tasks and calls."""

import re
import secrets
import uuid
from collections.abc import Callable
from contextlib import ContextDecorator
from contextvars import ContextVar
from dataclasses import dataclass, field

__all__ = ["current", "to_headers", "use"]

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
TRACEPARENT = re.compile(r"(?P<version>[0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?P<more>-.*)?")
ATTRIBUTE = "django_instrumentation_ids"
"""Where a log record keeps its fields."""
CARRIED = ("request_id", "user_id", "org_id")
"""What travels in the header of a task, beside the traceparent."""


def _nobody() -> "Person | None":
    return None


@dataclass(frozen=True, slots=True)
class Person:
    """Who is logged in."""

    user_id: str
    org_id: str | None = None
    username: str | None = None
    email: str | None = None


@dataclass(slots=True, eq=False)
class Context:
    request_id: str | None = None
    trace_id: str = field(default_factory=lambda: secrets.token_hex(16))
    span_id: str = field(default_factory=lambda: secrets.token_hex(8))
    trace_flags: str = "00"
    parent_id: str | None = None
    """The span of whoever called, when they said so."""
    task_id: str | None = None
    find_person: Callable[[], Person | None] = _nobody
    """Asked each time, because a view may log somebody in after the first line was written."""

    def fields(self) -> dict[str, str | None]:
        person = self.find_person()
        return {
            "request_id": self.request_id,
            "trace_id": self.trace_id,
            "span_id": self.span_id,
            # An address may be the primary key.
            "user_id": ("[filtered]" if "@" in person.user_id else person.user_id) if person else None,
            "org_id": person.org_id if person else None,
            "task_id": self.task_id,
        }

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{self.trace_flags}"


NO_FIELDS: dict[str, str | None] = dict.fromkeys(("request_id", "trace_id", "span_id", "user_id", "org_id", "task_id"))
_current: ContextVar[Context | None] = ContextVar("django_instrumentation", default=None)


def current() -> Context | None:
    return _current.get()


def current_fields() -> dict[str, str | None]:
    context = _current.get()
    return context.fields() if context else NO_FIELDS


class use(ContextDecorator):  # noqa: N801 - a context manager, and public
    """Makes `context` the current one while its block, or the function that it decorates, runs."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def __enter__(self) -> Context:
        self.token = _current.set(self.context)
        return self.context

    def __exit__(self, *_: object) -> None:
        _current.reset(self.token)

    def _recreate_cm(self) -> "use":
        """For each call of a decorated function, which may call itself."""
        return use(self.context)


def from_http(request_id: str = "", traceparent: str = "") -> Context:
    """The context of a request; what the client sent counts only when it is well formed."""
    is_good = request_id and REQUEST_ID.fullmatch(request_id)
    context = Context(request_id=request_id if is_good else str(uuid.uuid4()))
    if traceparent and (trace := parse_traceparent(traceparent)):
        context.trace_id, context.parent_id, context.trace_flags = trace
    return context


def parse_traceparent(header: str) -> tuple[str, str, str] | None:
    """Trace id, the caller's span id and flags of a W3C traceparent header, or None when it breaks the rules."""
    found = TRACEPARENT.fullmatch(header.strip())
    if not found:
        return None
    version, trace_id, parent_id, flags, more = found.groups()
    if version == "ff" or (version == "00" and more) or set(trace_id) == {"0"} or set(parent_id) == {"0"}:
        return None
    return trace_id, parent_id, flags


def to_headers() -> dict[str, str]:
    """The headers that hand the ids on to a service that is called from here."""
    context = _current.get()
    if context is None:
        return {}
    headers = {"traceparent": context.traceparent}
    if context.request_id:
        headers["X-Request-ID"] = context.request_id
    return headers


def to_message() -> dict[str, str]:
    """What a task's message carries of the context that sends it."""
    context = _current.get()
    if context is None:
        return {}
    fields = context.fields()
    return {"traceparent": context.traceparent, **{name: value for name in CARRIED if (value := fields[name])}}


def from_message(carried: object, task_id: str) -> Context:
    """The context of a task; a message from elsewhere may carry anything, so only good ids count."""
    given = carried if isinstance(carried, dict) else {}
    known = {name: value for name, value in given.items() if isinstance(value, str) and value}
    context = Context(task_id=task_id)
    if REQUEST_ID.fullmatch(known.get("request_id", "")):
        context.request_id = known["request_id"]
    if trace := parse_traceparent(known.get("traceparent", "")):
        context.trace_id, context.parent_id, context.trace_flags = trace
    if user_id := known.get("user_id"):
        person = Person(user_id, known.get("org_id"))
        context.find_person = lambda: person
    return context
