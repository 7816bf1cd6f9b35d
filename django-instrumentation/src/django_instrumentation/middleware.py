"""Opens the context of each request, follows it to its end, and answers the pages of this package first of all."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.core.signals import got_request_exception
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.utils.log import log_response

from django_instrumentation import (
    body_limit,
    conf,
    context,
    group_folder,
    http_metrics,
    metrics,
    multiprocess,
    pages,
    person,
    request_errors,
)
from django_instrumentation.exchange import Exchange
from django_instrumentation.server import MAX_CONNECTIONS
from django_instrumentation.streaming import follow

_threads = ThreadPoolExecutor(MAX_CONNECTIONS, "django-instrumentation-page")
"""Not asyncio's own threads: while the project's code has all of those, no probe would get an answer."""
OPENED = "_django_instrumentation_is_open"
"""The attribute of a request that is being followed."""


class Middleware:
    """To be the first of MIDDLEWARE, so that nothing of a request is missed. Under ASGI it needs no thread."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)
        # Under gunicorn with our hooks its master did already.
        multiprocess.enter(group_folder.of_server(conf.get().service))
        got_request_exception.connect(http_metrics.count_exception, dispatch_uid="django_instrumentation.http_metrics")

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if hasattr(
            request, OPENED
        ):  # a middleware of the project's asks all of them once more, such as for another path
            answer: HttpResponseBase | Awaitable[HttpResponseBase] = self.get_response(request)
            return answer
        if self.is_async:
            return self.__acall__(request)
        opened = _open(request)
        with context.use(opened):
            if pages.is_asked_for(request):
                return _signed(pages.response(request), opened)
            with request_errors.scope(request), Exchange(request, opened) as exchange:
                return _answer(exchange, _refusal(request) or self.get_response(request))

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        opened = _open(request)
        with context.use(opened):
            if pages.is_asked_for(request):
                return _signed(await _in_a_thread(pages.response, request), opened)
            with request_errors.scope(request), Exchange(request, opened) as exchange:
                return _answer(exchange, _refusal(request) or await self.get_response(request))

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A client that hangs up while its body is read is no error of the view; Django would answer 500."""
        if not isinstance(exception, UnreadablePostError):
            return None
        metrics.CLIENT_ERRORS.labels("UnreadablePostError").inc()
        return HttpResponse(status=400)


async def _in_a_thread(function: Callable[[HttpRequest], HttpResponse], request: HttpRequest) -> HttpResponse:
    return await asyncio.get_running_loop().run_in_executor(_threads, copy_context().run, function, request)


def _open(request: HttpRequest) -> context.Context:
    setattr(request, OPENED, True)
    given = request.META  # `request.headers` would make a mapping of all of them first
    opened = context.from_http(given.get("HTTP_X_REQUEST_ID", ""), given.get("HTTP_TRACEPARENT", ""))
    opened.find_person = person.finder(request)
    return opened


def _refusal(request: HttpRequest) -> HttpResponse | None:
    return body_limit.refusal(request, conf.get().max_body_bytes)


def _signed(response: HttpResponseBase, opened: context.Context) -> HttpResponseBase:
    response.headers["X-Request-ID"] = opened.request_id or ""
    return response


def _answer(exchange: Exchange, response: HttpResponseBase) -> HttpResponseBase:
    error = exchange.request.__dict__.pop("uncaught", None)  # its frames hold the request: kept there, both would stay
    if isinstance(response, HttpResponse) and error is not None and not hasattr(response, "_has_been_logged"):
        # Of an error page that is broken itself: Django would log it later, without the exception and without ids.
        arguments = (response.reason_phrase, exchange.request.path)
        log_response("%s: %s", *arguments, response=response, request=exchange.request, exception=error)
    if isinstance(response, HttpResponse):
        exchange.end(response.status_code, len(response.content))
    elif isinstance(response, StreamingHttpResponse):
        follow(response, exchange)
    else:
        exchange.end(response.status_code)
    return _signed(response, exchange.opened)
