"""What happens to each error event before it is sent: our ids are added, secrets are taken out, and it is counted."""

import logging
from typing import Any

from sentry_sdk.types import Event, Hint

from django_o11y import context, metrics, scrub

LEVELS = ("fatal", "error", "warning", "info", "debug")
SCRUBBED_PARTS = ("message", "logentry", "breadcrumbs", "request", "extra", "tags", "transaction")
MAX_TEXT = 8_000
logger = logging.getLogger(__name__)


class Hook:
    """Sentry's before_send: adds our ids to each event, and takes out secrets, just before it is sent."""

    def __init__(self, *, service: str, user_email: bool) -> None:
        self.service = service
        self.user_email = user_email

    def __call__(self, event: Event, hint: Hint) -> Event | None:
        try:
            self._add_context(event)
            _scrub_event(event)
        except Exception:
            # An event that wasn't scrubbed may hold a card number. Not at ERROR: that would be an event again.
            metrics.SENTRY_DROPPED.labels("hook_failed").inc()
            logger.warning("An error event was dropped because preparing it failed.", exc_info=True)
            return None
        level = event.get("level") or "error"
        metrics.SENTRY_EVENTS.labels(level if level in LEVELS else "error").inc()
        return event

    def _add_context(self, event: Any) -> None:
        tags = event.setdefault("tags", {})
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
            user = {"id": person.user_id, "username": person.username}
            if self.user_email:
                user["email"] = person.email
            event["user"] = {name: value for name, value in user.items() if value}


def _scrub_event(event: Any) -> None:
    request = event.get("request", {})
    request.pop("query_string", None)
    request.pop("cookies", None)
    # The SDK's Celery integration adds them, before 2.60 always and later with send_default_pii.
    for part in ("args", "kwargs"):
        event.get("extra", {}).get("celery-job", {}).pop(part, None)
    for part in SCRUBBED_PARTS:
        if part in event:
            event[part] = _scrub_part(event[part])
    # The EventScrubber passes over contexts. The one of the trace holds ids, and those may look like card numbers.
    for name, found in event.get("contexts", {}).items():
        if name != "trace":
            event["contexts"][name] = scrub.scrub_value(found)
    # Not the frames: without locals they hold source code only, and a lot of it.
    for exception in event.get("exception", {}).get("values", ()):
        exception["value"] = _scrub_part(exception.get("value"))


def _scrub_part(value: Any) -> Any:
    """Like scrub.scrub_value, but no item is left out and no key judged: the EventScrubber did that."""
    if isinstance(value, str):
        return scrub.clean(value, MAX_TEXT)
    if isinstance(value, dict):
        return {key: _scrub_part(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_scrub_part(item) for item in value]
    return value
