"""Error reports by the Sentry SDK to any tracker that speaks its protocol.

Where the project calls sentry_sdk.init itself, before or after us, its client is joined: its DSN and options stay, and
our scrubbing and counting are put around its hooks. Otherwise the client is ours, and sends errors only, no traces.
"""

import logging
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from contextvars import Context
from functools import wraps
from importlib.util import find_spec
from typing import Any

import sentry_sdk
from asgiref.sync import SyncToAsync
from django.core.exceptions import ImproperlyConfigured
from sentry_sdk.integrations import Integration
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.logging import LoggingIntegration, ignore_logger
from sentry_sdk.integrations.threading import ThreadingIntegration
from sentry_sdk.scope import add_global_event_processor
from sentry_sdk.scrubber import DEFAULT_DENYLIST, EventScrubber
from sentry_sdk.transport import HttpTransport
from sentry_sdk.types import Event, Hint
from sentry_sdk.utils import Dsn
from sentry_sdk.worker import BackgroundWorker

from django_instrumentation import conf, events, forks, metrics, request_errors, scrub_rules
from django_instrumentation.losses import Losses

__all__ = ["join"]

DROP_REASONS = ("network", "full_queue", "self_rate_limits", "status_429", "hook_failed")
DENYLIST = [*DEFAULT_DENYLIST, *scrub_rules.SENSITIVE_WORDS.split(), "card_number", "card_token"]

ITEMS = {
    "before_send_log": events.log_item,
    "before_send_metric": events.attributes_item,
    "before_send_span": events.attributes_item,
}
"""What a project's SDK sends beside events and transactions; an older one takes hooks for it from _experiments."""
SENDER = "sentry-sdk.BackgroundWorker"
"""The SDK's thread that sends events."""
JOINED = "django_instrumentation_settings"
HOOK = "django_instrumentation_hook"
"""The attributes of a client that has our hooks."""
logger = logging.getLogger(__name__)

_settings: conf.Settings | None = None
_losses = Losses(
    logger,
    "Error events that didn't reach the tracker since the last such line: %d (%s). The metric sentry_dropped_total "
    "counts all. Check that the tracker of SENTRY_DSN answers.",
)
_lock = forks.new_lock()
_parents: list[Any] = []
"""What a child got from its parent, kept because the end of a pool of connections takes its lock."""


class Threads(ThreadingIntegration):
    """Hands the scope on to threads, but for the steps that take their whole context along by themselves, the scope in
    it: those of asyncio.to_thread, and of Django, which under ASGI has about sixteen in a request.
    """

    @staticmethod
    def setup_once() -> None:
        plain: Any = ThreadPoolExecutor.submit
        ThreadingIntegration.setup_once()
        copying: Any = ThreadPoolExecutor.submit

        @wraps(plain)
        def submit(pool: ThreadPoolExecutor, step: Any, /, *args: Any, **kwargs: Any) -> Any:
            owner = getattr(getattr(step, "func", None), "__self__", None)
            has_context = isinstance(owner, Context | SyncToAsync)
            return (plain if has_context else copying)(pool, step, *args, **kwargs)

        ThreadPoolExecutor.submit = submit  # type: ignore[assignment,method-assign]


class Transport(HttpTransport):
    TIMEOUT = 10

    def _send_envelope(self, envelope: Any) -> None:
        """With the key that the DSN's file has now: a new one needs no restart."""
        with suppress(ValueError):  # BadDsn is one, and a port that is none another
            dsn = Dsn(conf.renewed("SENTRY_DSN", str(self.options["dsn"])))
            self.parsed_dsn, self._auth = dsn, dsn.to_auth(self._auth.client)
        super()._send_envelope(envelope)


def init(settings: conf.Settings) -> None:
    """Join the project's client, or start one of ours unless there is no DSN. May be repeated."""
    global _settings
    if settings == _settings:
        return
    if _settings is None:
        for level in ("fatal", "error"):
            metrics.SENTRY_EVENTS.labels(level)
        for reason in DROP_REASONS:
            metrics.SENTRY_DROPPED.labels(reason)
        add_global_event_processor(_join_late)
        os.register_at_fork(after_in_child=_renew_sender)
        request_errors.connect()
        ignore_logger(__name__)  # a line about a lost event must not become the next one
        logging.getLogger("urllib3.connectionpool").addFilter(_is_not_of_the_sender)
    _start_or_join(settings)
    _settings = settings


def join() -> None:
    """Put our hooks around those of the SDK's present client, whoever made it; to be repeated as often as one likes."""
    if _settings is not None:
        _start_or_join(_settings)


def _count_loss(reason: str) -> None:
    metrics.SENTRY_DROPPED.labels(reason).inc()
    _losses.add(reason)


def _is_not_of_the_sender(record: logging.LogRecord) -> bool:
    """urllib3 warns of each attempt to send an event, and there are three; _losses counts the events."""
    return record.threadName != SENDER


def _join_late(event: Event, _hint: Hint) -> Event:
    """Before the first event of any client: a project may call sentry_sdk.init in its wsgi.py, after all else."""
    join()
    return event


def _renew_sender() -> None:
    """In a forked child, such as the one that Celery forks because another died, which the parent reports just then.

    What waits is sent by the parent, whose thread may hold the queue's lock; its connection can't have two users.
    """
    transport: Any = sentry_sdk.get_client().transport
    worker = getattr(transport, "_worker", None)
    if isinstance(worker, BackgroundWorker):
        _parents.append((worker, transport._pool))
        transport._worker = BackgroundWorker(queue_size=worker._queue.maxsize)
        transport._pool = transport._make_pool()


def _start_or_join(settings: conf.Settings) -> None:
    with _lock:
        client: Any = sentry_sdk.get_client()
        is_theirs = _sends(client) and not isinstance(client.transport, Transport)
        if not is_theirs and settings.sentry_dsn and getattr(client, JOINED, None) != settings:
            client = _start(settings)
        if not _sends(client):
            return
        said = {name: getattr(settings, name) for name in ("application", "service", "user_email")}
        if not hasattr(client, HOOK):
            setattr(client, HOOK, events.Hook(**said))
            _surround(client, getattr(client, HOOK))
        setattr(client, JOINED, settings)
        vars(getattr(client, HOOK)).update(said)  # of the last setup(), such as a production file's


def _sends(client: Any) -> bool:
    return client.is_active() and client.transport is not None


def _surround(client: Any, hook: events.Hook) -> None:
    options = client.options
    options["before_send"] = _after(options["before_send"], hook)
    options["before_send_transaction"] = _after(options["before_send_transaction"], hook.transaction)
    for name, ours in ITEMS.items():
        options[name] = _after(options.get(name) or options.get("_experiments", {}).get(name), ours)
    options["before_breadcrumb"] = _after(options["before_breadcrumb"], events.breadcrumb)
    scrubber = options["event_scrubber"] = options["event_scrubber"] or EventScrubber()
    if isinstance(scrubber, EventScrubber):  # a class of the project's own stays as it is: our hook scrubs after it
        scrubber.denylist = [*scrubber.denylist, *DENYLIST]
        scrubber.recursive = True
    if dropped := getattr(client.transport, "on_dropped_event", None):

        def count(reason: str) -> None:
            _count_loss(reason)
            dropped(reason)

        client.transport.on_dropped_event = count


def _after(theirs: Any, ours: Any) -> Any:
    """The project's own hook first, so that what it adds is scrubbed too. One that fails costs the event."""

    def both(found: Any, hint: Any) -> Any:
        if theirs is not None:
            try:
                found = theirs(found, hint)
            except Exception:
                metrics.SENTRY_DROPPED.labels("hook_failed").inc()
                raise
        return None if found is None else ours(found, hint)

    return both


def _start(settings: conf.Settings) -> Any:
    try:
        sentry_sdk.init(
            dsn=settings.sentry_dsn,
            environment=settings.sentry_environment or settings.env,
            release=settings.sentry_release or settings.version,
            integrations=_integrations(),
            transport=Transport,
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
    except ValueError as error:  # BadDsn is one, and a port that is none another
        raise ImproperlyConfigured(
            f"SENTRY_DSN is no DSN ({error}); expected http://<key>@<host>/<project>, or nothing: no reports."
        ) from error
    return sentry_sdk.get_client()


def _integrations() -> list[Integration]:
    # By default the SDK prints a text at the end of the process, which is not JSON.
    found: list[Integration] = [AtexitIntegration(callback=lambda _pending, _timeout: None)]
    # Lines go to Loki, not to the tracker: only those at ERROR become events.
    found += [LoggingIntegration(sentry_logs_level=None), Threads()]
    if find_spec("celery"):
        from sentry_sdk.integrations.celery import CeleryIntegration

        found.append(CeleryIntegration(propagate_traces=False))
    return found
