"""Error reports by the Sentry SDK to any tracker that speaks its protocol; errors only, no traces."""

import logging
from importlib.util import find_spec
from typing import Any

import sentry_sdk
from django.core.exceptions import ImproperlyConfigured
from sentry_sdk.integrations import Integration
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.scrubber import DEFAULT_DENYLIST, EventScrubber
from sentry_sdk.transport import HttpTransport
from sentry_sdk.types import Event, Hint
from sentry_sdk.utils import BadDsn

from observability import conf, context, metrics, request_errors, scrub

LEVELS = ("fatal", "error", "warning", "info", "debug")
DROP_REASONS = ("network", "full_queue", "self_rate_limits", "status_429", "hook_failed")
SCRUBBED_PARTS = ("message", "logentry", "breadcrumbs", "request", "extra", "tags", "transaction")
DENYLIST = [*DEFAULT_DENYLIST, *scrub.SENSITIVE_WORDS.split(), "card_number", "card_token"]
MAX_TEXT = 8_000
logger = logging.getLogger(__name__)


class CountingTransport(HttpTransport):
    TIMEOUT = 10

    def on_dropped_event(self, _reason: str) -> None:
        metrics.SENTRY_DROPPED.labels(_reason).inc()


def init(settings: conf.Settings) -> None:
    """Start reporting, unless there is no DSN; to be called once, early, from Django's settings."""
    for level in ("fatal", "error"):
        metrics.SENTRY_EVENTS.labels(level)
    for reason in DROP_REASONS:
        metrics.SENTRY_DROPPED.labels(reason)
    if not settings.sentry_dsn:
        return
    try:
        sentry_sdk.init(
            dsn=settings.sentry_dsn,
            environment=settings.sentry_environment or settings.env,
            release=settings.sentry_release or settings.version,
            transport=CountingTransport,
            before_send=_Hook(service=settings.service, user_email=settings.user_email),
            event_scrubber=EventScrubber(denylist=DENYLIST, recursive=True),
            integrations=_integrations(),
            # _integrations() lists those that we use; request_errors.py does what Django's would.
            auto_enabling_integrations=False,
            # Outgoing calls carry our own trace id; the SDK would add a second, different one.
            trace_propagation_targets=[],
            # Locals and bodies are where passwords and cards are.
            include_local_variables=False,
            max_request_body_size="never",
            max_breadcrumbs=50,
            auto_session_tracking=False,
            # A report of dropped events can be dropped too, and would then be counted as one more.
            send_client_reports=False,
        )
    except BadDsn as error:
        raise ImproperlyConfigured(
            f"SENTRY_DSN is no DSN ({error}); expected http://<key>@<host>/<project>, or nothing: no reports."
        ) from error
    request_errors.connect()


def _integrations() -> list[Integration]:
    # By default the SDK prints a text at the end of the process, which is not JSON.
    found: list[Integration] = [AtexitIntegration(callback=lambda _pending, _timeout: None)]
    # Lines go to Loki, not to the tracker: only those at ERROR become events.
    found.append(LoggingIntegration(sentry_logs_level=None))
    if find_spec("celery"):
        from sentry_sdk.integrations.celery import CeleryIntegration

        found.append(CeleryIntegration(propagate_traces=False))
    return found


class _Hook:
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
