"""What the Sentry SDK's Django integration does for errors, without what it does to every request and query.

It opens a transaction for each request, though none is sent, and a span for each query; that took two thirds of all
that this package takes. Here a request costs a scope of its own; the rest is done when there is something to report.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import sentry_sdk
from django.core.signals import got_request_exception
from django.http import HttpRequest
from sentry_sdk.integrations.logging import ignore_logger
from sentry_sdk.types import Event, Hint
from sentry_sdk.utils import event_from_exception

from django_instrumentation.logging import ACCESS_LOGGER

HEADERS = ("Accept", "Content-Length", "Content-Type", "Host", "User-Agent")
"""What an event repeats of a request's headers: tokens, cookies and addresses are in the others."""
COVERED_LOGGERS = ("django.request", "django.server", "django.channels.server", "django.security.*", ACCESS_LOGGER)
"""No line of these loggers becomes an event: either an event has the same error, or the fault is the client's."""


def connect() -> None:
    """Report what no view caught; to be called once, after the SDK's init."""
    got_request_exception.connect(_capture, dispatch_uid="django_instrumentation.errors")
    for logger in COVERED_LOGGERS:
        ignore_logger(logger)


@contextmanager
def scope(request: HttpRequest) -> Iterator[None]:
    """Keep tags and breadcrumbs of a request out of the next one's events, and say in each what was asked for."""
    if not _is_ours():
        yield
        return
    with sentry_sdk.isolation_scope() as opened:
        opened.add_event_processor(partial(_describe, request))
        yield


def _is_ours() -> bool:
    """Whether a client reports, and not by the SDK's Django integration, which a project may have chosen."""
    client = sentry_sdk.get_client()
    return client.is_active() and client.get_integration("django") is None


def _capture(**_: object) -> None:
    if not _is_ours():
        return
    mechanism = {"type": "django", "handled": False}
    options = sentry_sdk.get_client().options
    event, hint = event_from_exception(sys.exc_info(), client_options=options, mechanism=mechanism)
    sentry_sdk.capture_event(event, hint)


def _describe(request: HttpRequest, event: Event, _hint: Hint) -> Event:
    match = request.resolver_match
    event["transaction"] = f"/{match.route}" if match else "<no route>"
    event["transaction_info"] = {"source": "route"}
    event["request"] = {
        # Not build_absolute_uri: a host that isn't allowed must not break the report.
        "url": f"{request.scheme}://{request.META.get('HTTP_HOST', request.META.get('SERVER_NAME', ''))}{request.path}",
        "method": request.method,
        "headers": {name: request.headers[name] for name in HEADERS if name in request.headers},
    }
    return event
