"""Error reports by the Sentry SDK to any tracker that speaks its protocol; errors only, no traces."""

from importlib.util import find_spec

import sentry_sdk
from django.core.exceptions import ImproperlyConfigured
from sentry_sdk.integrations import Integration
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.scrubber import DEFAULT_DENYLIST, EventScrubber
from sentry_sdk.transport import HttpTransport
from sentry_sdk.utils import BadDsn

from django_o11y import conf, events, metrics, request_errors, scrub

DROP_REASONS = ("network", "full_queue", "self_rate_limits", "status_429", "hook_failed")
DENYLIST = [*DEFAULT_DENYLIST, *scrub.SENSITIVE_WORDS.split(), "card_number", "card_token"]


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
            before_send=events.Hook(service=settings.service, user_email=settings.user_email),
            before_breadcrumb=events.breadcrumb,
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
