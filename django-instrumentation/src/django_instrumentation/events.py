"""What happens to each error event before it is sent: our ids are added, secrets are taken out, and it is counted.

Before, it is made light enough to be scrubbed in a request's thread, and last small enough for any tracker;
event_size.py does both.
"""

import logging
from functools import lru_cache
from typing import Any

from django.core.management import CommandError
from sentry_sdk.types import Breadcrumb, BreadcrumbHint, Event, Hint

from django_instrumentation import context, event_size, metrics, output, scrub
from django_instrumentation.logging import is_logged

LEVELS = ("fatal", "error", "warning", "info", "debug")
MAX_TEXT = 8_000
MAX_LINE = 500
ITS_OWN = {
    *("event_id", "timestamp", "start_timestamp", "platform", "level", "sdk", "release", "environment", "server_name"),
    *("dist", "logger", "modules", "type", "transaction_info", "_meta"),
    *("exception", "threads", "stacktrace", "breadcrumbs", "spans", "contexts", "user", "logentry", "message"),
}
"""Parts of an event that hold nothing of a request or a call, and those that are scrubbed part by part."""
scrub_line = lru_cache(maxsize=2048)(scrub.clean)
logger = logging.getLogger(__name__)


class Hook:
    """Sentry's before_send: adds our ids to each event, and takes out secrets, just before it is sent."""

    def __init__(self, *, application: str, service: str, user_email: bool) -> None:
        self.application = application
        self.service = service
        self.user_email = user_email

    def __call__(self, event: Event, hint: Hint) -> Event | None:
        if _is_reported(hint) or not self._prepare(event, hint) or _is_seen(event, hint):
            return None
        level = event.get("level") or "error"
        metrics.SENTRY_EVENTS.labels(level if level in LEVELS else "error").inc()
        return event

    def transaction(self, event: Event, hint: Hint) -> Event | None:
        """Sentry's before_send_transaction, for a project that has its SDK trace too."""
        return event if self._prepare(event, hint) else None

    def _prepare(self, event: Any, hint: Hint) -> bool:
        try:
            if event.get("type") != "transaction":
                self._add_context(event)
            left_out = event_size.cut_lists(event)
            event_size.lighten(event, left_out)
            self._scrub(event, (hint or {}).get("log_record"))
            event_size.fit(event, left_out)
        except Exception:
            # An event that wasn't scrubbed may hold a card number. Not at ERROR: that would be an event again.
            metrics.SENTRY_DROPPED.labels("hook_failed").inc()
            logger.warning("An error event was dropped because preparing it failed.", exc_info=True)
            return False
        return True

    def _add_context(self, event: Any) -> None:
        tags = event.setdefault("tags", {})
        tags["application"] = self.application
        tags["service"] = self.service
        current = context.current()
        if current is None:
            return
        fields = current.fields()
        for tag, field in (
            ("request_id", "request_id"),
            ("organization_id", "org_id"),
            ("task_id", "task_id"),
        ):
            if fields[field]:
                tags[tag] = fields[field]
        event.setdefault("contexts", {})["trace"] = {"trace_id": current.trace_id, "span_id": current.span_id}
        if person := current.find_person():
            user = {"id": person.user_id, "username": person.username, "email": person.email}
            event["user"] = {name: value for name, value in user.items() if value}

    def _scrub(self, event: Any, record: logging.LogRecord | None) -> None:
        if request := event.get("request"):
            for name in ("query_string", "cookies", "env"):
                request.pop(name, None)
        # The SDK's Celery integration adds them, before 2.60 always and later with send_default_pii.
        for name in ("args", "kwargs"):
            event.get("extra", {}).get("celery-job", {}).pop(name, None)
        for part in event.keys() - ITS_OWN:
            event[part] = scrub.scrub_value(event[part])
        if "user" in event:
            event["user"] = self._scrub_user(event["user"] or {})
        _scrub_message(event, record)
        for crumb in event_size.values_of(event, "breadcrumbs"):
            crumb.update(scrub.scrub_value({name: crumb[name] for name in crumb.keys() - {"timestamp"}}))
        # The context of the trace holds ids, and those may look like card numbers.
        contexts = event.get("contexts") or {}
        for name, found in contexts.items():
            contexts[name] = scrub.scrub_value(found)
            if name == "trace" and found:
                contexts[name].update({key: found[key] for key in found if key.endswith("_id")})
        for span in event.get("spans") or ():
            for name in span.keys() & {"description", "data", "tags"}:
                span[name] = scrub.scrub_value(span[name])
        for exception in event_size.values_of(event, "exception"):
            exception["mechanism"] = scrub.scrub_value(exception.get("mechanism"))
            exception["value"] = scrub.clean(str(exception.get("value") or ""), MAX_TEXT)
        for frame in event_size.frames_of(event):
            _scrub_frame(frame)

    def _scrub_user(self, user: dict[str, Any]) -> dict[str, Any]:
        """With `user_email` its address; without it none, not even where it is the name or the id."""
        named = {name: user[name] for name in ("id", "username", "email", "ip_address") if user.get(name)}
        others = {name: user[name] for name in user.keys() - named.keys()}
        if not self.user_email:
            named = {name: named[name] for name in ("id", "username") if name in named and "@" not in str(named[name])}
        return {**named, **scrub.scrub_value(others)}  # type: ignore[dict-item]


def _is_reported(hint: Hint) -> bool:
    """Whether exchange.py has: the SDK's wrapper around the application hears of the exception afterwards."""
    return is_logged(((hint or {}).get("exc_info") or (None, None))[1])


def _is_seen(event: Any, hint: Hint) -> bool:
    """Whether somebody at a terminal has just seen it, called a manage.py command wrongly, or ended it by Ctrl+C."""
    raised = event_size.values_of(event, "exception")
    if not any((each.get("mechanism") or {}).get("type") == "excepthook" for each in raised):
        return False
    kind = ((hint or {}).get("exc_info") or (None,))[0]
    return output.is_terminal() or (kind is not None and issubclass(kind, CommandError | KeyboardInterrupt))


def breadcrumb(crumb: Breadcrumb, hint: BreadcrumbHint) -> Breadcrumb:
    """Sentry's before_breadcrumb: a line's arguments are only known here."""
    record = hint.get("log_record")
    if isinstance(record, logging.LogRecord) and record.args:
        crumb["message"] = scrub.message_of(record)
    return crumb


def attributes_item(item: Any, _hint: Hint) -> Any:
    """Sentry's before_send_metric and before_send_span, for a project that has its SDK send metrics or stream spans."""
    item["name"] = scrub.clean(str(item["name"]), MAX_TEXT)
    item["attributes"] = scrub.scrub_value(item.get("attributes") or {})
    return item


def log_item(item: Any, _hint: Hint) -> Any:
    """Sentry's before_send_log, for a project that has its SDK send lines too."""
    parameter = "sentry.message.parameter."
    given = item["attributes"]
    params = {name.removeprefix(parameter): given[name] for name in given if name.startswith(parameter)}
    if params:
        args = tuple(params.values()) if "0" in params else params
        item["body"] = scrub.message_of(logging.makeLogRecord({"msg": given["sentry.message.template"], "args": args}))
    item["body"] = scrub.clean(str(item["body"]), MAX_TEXT)
    others = {name: value for name, value in given.items() if not name.startswith(parameter)}
    item["attributes"] = scrub.scrub_value(others)
    return item


def _scrub_message(event: Any, record: logging.LogRecord | None) -> None:
    """The arguments of a log call go with their places in its text; by themselves they say nothing more."""
    if "message" in event:
        event["message"] = scrub.clean(str(event["message"]), MAX_TEXT)
    entry = event.get("logentry")
    if not entry:
        return
    params = entry.get("params") or None
    args = tuple(params) if isinstance(params, list) else params
    found = record or logging.makeLogRecord({"msg": entry.get("message"), "args": args})
    text = scrub.message_of(found) if found.args or not entry.get("formatted") else entry["formatted"]
    event["logentry"] = {
        "message": scrub.clean(str(entry.get("message") or ""), MAX_TEXT),
        "formatted": scrub.clean(str(text), MAX_TEXT),
    }


def _scrub_frame(frame: Any) -> None:
    """Source may hold a password too, and locals do."""
    if "vars" in frame:
        frame["vars"] = scrub.scrub_value(frame["vars"])
    if frame.get("context_line"):
        frame["context_line"] = scrub_line(frame["context_line"], MAX_LINE)
    for name in ("pre_context", "post_context"):
        if frame.get(name):
            frame[name] = [scrub_line(line or "", MAX_LINE) for line in frame[name]]
