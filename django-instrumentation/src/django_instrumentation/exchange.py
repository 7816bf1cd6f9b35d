"""One request and its answer, to the end of the answer's body: one line, one count, one latency, one span."""

import logging
from asyncio import CancelledError
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from types import TracebackType

import sentry_sdk
from django.core.signals import got_request_exception
from django.http import HttpRequest
from sentry_sdk.scope import use_isolation_scope

from django_instrumentation import context, http_metrics, metrics, tracing
from django_instrumentation.logging import ACCESS_LOGGER, is_logged, mark_as_logged

HUNG_UP = 499
"""The status of an answer that its client didn't wait for, as in nginx."""
METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "OPTIONS", "CONNECT", "PATCH"))
access_log = logging.getLogger(ACCESS_LOGGER)
request_log = logging.getLogger("django.request")


class Exchange:
    """To be entered when the request arrives, and left when there is a response, whose body may still be to come."""

    def __init__(self, request: HttpRequest, opened: context.Context) -> None:
        self.request = request
        self.opened = opened
        self.method = request.method if request.method in METHODS else "<invalid method>"
        self.ended = False

    def __enter__(self) -> "Exchange":
        self._started = perf_counter()
        metrics.IN_FLIGHT.inc()
        http_metrics.REQUESTS.inc()
        self._span = tracing.start_request(self.opened, self.method)
        self._active = tracing.active(self._span)
        self._active.__enter__()
        self._scope = sentry_sdk.get_isolation_scope()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, SystemExit):  # by which gunicorn ends a worker that takes too long
            self.fail(error, "%s ended its process.")
        elif error is not None:
            self.end(_status_after(error))
        self._active.__exit__(kind, error, trace)

    @contextmanager
    def resumed(self) -> Iterator[None]:
        """The request's ids, tags and span once more, while a piece of the body is made."""
        with context.use(self.opened), use_isolation_scope(self._scope), tracing.active(self._span):
            yield

    def fail(self, error: BaseException, message: str = "The body of %s broke off.") -> None:
        """An exception that Django doesn't catch. Whoever else hears of it doesn't know the ids of its request."""
        if isinstance(error, CancelledError):
            self.end(_status_after(error))
            return
        if isinstance(error, Exception | SystemExit):
            mark_as_logged(error, False)  # an object that is raised more than once, such as a module's constant
            got_request_exception.send(sender=type(self), request=self.request)
            request_log.error(message, self._route() or "<no route>", exc_info=error)
            mark_as_logged(error)
            self.request.__dict__.pop("uncaught", None)  # its frames hold the request: kept there, both would stay
        self.end(500)

    def end(self, status: int, size: int | None = None) -> None:
        """What is known only when the request is over; all but the first call do nothing."""
        if self.ended:
            return
        self.ended = True
        seconds = perf_counter() - self._started
        metrics.IN_FLIGHT.dec()
        http_metrics.observe(self.request, method=self.method, status=status, seconds=seconds, size=size)
        if self._span is not None:
            view = http_metrics.view_of(self.request, status)
            tracing.end_request(self._span, self.opened, self.method, self._route(), status, view)
        self._log(status, seconds)

    def _route(self) -> str | None:
        """Not the path: that may hold names, tokens and whatever a scanner makes up."""
        match = self.request.resolver_match
        return match.route if match else None

    def _log(self, status: int, seconds: float) -> None:
        match, route = self.request.resolver_match, self._route()
        fields = {
            "route": route,
            "view": match.view_name if match else None,
            "method": self.method,
            "status": status,
            "duration": round(seconds, 6),
        }
        if access_log.isEnabledFor(logging.INFO):
            # Not access_log.info: it looks for the line of code that logs, which is always this one.
            said = (self.method, "<no route>" if route is None else route or "/", status)
            record = access_log.makeRecord(
                ACCESS_LOGGER, logging.INFO, __file__, 0, "%s %s %d", said, None, "_log", fields
            )
            access_log.handle(record)


def _status_after(error: BaseException) -> int:
    """Under ASGI a client that hangs up cancels its request, and so does another request that ends the process."""
    return HUNG_UP if isinstance(error, CancelledError) and not is_logged(error) else 500
