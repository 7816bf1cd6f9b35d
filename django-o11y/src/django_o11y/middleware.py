"""Opens the context of each request, writes its one access line, and answers the health URLs first of all."""

import logging
from collections.abc import Callable
from time import perf_counter

from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.utils.functional import LazyObject, empty

from django_o11y import body_limit, conf, context, health, metrics, multiprocess, request_errors, tracing, views
from django_o11y.logging import ACCESS_LOGGER

GetResponse = Callable[[HttpRequest], HttpResponseBase]
METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "OPTIONS", "CONNECT", "PATCH"))
ID_HEADERS = {"X-Request-ID": "HTTP_X_REQUEST_ID", "traceparent": "HTTP_TRACEPARENT"}
"""The headers that are read from each request; `request.headers` would make a mapping of all of them first."""
access_log = logging.getLogger(ACCESS_LOGGER)


class RequestMiddleware:
    """To be the first of MIDDLEWARE, so that every line of a request carries its ids."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        multiprocess.enter("web")  # under gunicorn with our hooks its master did already

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        opened = context.from_http({name: request.META.get(key, "") for name, key in ID_HEADERS.items()})
        opened.find_person = lambda: find_person(request)
        method = known_method(request)
        with (
            context.use(opened),
            request_errors.scope(request),
            metrics.IN_FLIGHT.track_inprogress(),
            tracing.request_span(opened, method, request.path) as span,
        ):
            started = perf_counter()
            response = body_limit.refusal(request, conf.get().max_body_bytes) or self.get_response(request)
            if span is not None:
                match = request.resolver_match
                tracing.end_request(span, opened, method, match.route if match else None, response.status_code)
            response["X-Request-ID"] = opened.request_id or ""
            if not getattr(response, "is_telemetry", False):
                log_access(request, response.status_code, perf_counter() - started)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A client that hangs up while its body is read is no error of the view; Django would answer 500."""
        if not isinstance(exception, UnreadablePostError):
            return None
        metrics.CLIENT_ERRORS.labels("UnreadablePostError").inc()
        return HttpResponse(status=400)


class HealthMiddleware:
    """To be the second of MIDDLEWARE: a probe must not depend on hosts, sessions or the database."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path_info == conf.get().metrics_path:
            return views.metrics(request)
        answer = health.answer(request.path, conf.get().ready_checks)
        if answer is None:
            return self.get_response(request)
        status, body = answer
        response = JsonResponse(body, status=status)
        response["Content-Length"] = str(len(response.content))
        return views.mark_as_telemetry(response)


def known_method(request: HttpRequest) -> str:
    """The verb, unless the client made it up."""
    return request.method if request.method in METHODS else "<invalid method>"


def log_access(request: HttpRequest, status: int, duration: float) -> None:
    match = request.resolver_match
    method = known_method(request)
    fields = {
        # The route, not the path: a path may hold names, tokens and whatever a scanner makes up.
        "route": match.route if match else None,
        "view": match.view_name if match else None,
        "method": method,
        "status": status,
        "duration": round(duration, 6),
    }
    access_log.info("%s %s %d", method, match.route if match else "<no route>", status, extra=fields)


def find_person(request: HttpRequest) -> context.Person | None:
    """Who is logged in, as far as the request knows by now: asking must not cost a query."""
    user = getattr(request, "user", None)
    if isinstance(user, LazyObject) and user._wrapped is empty:
        return None
    if user is None or not user.is_authenticated:
        return None
    attribute = conf.get().organization_attribute
    organization = getattr(user, attribute, None) if attribute else None
    return context.Person(
        user_id=str(user.pk),
        org_id=None if organization is None else str(organization),
        username=user.get_username(),
        email=getattr(user, "email", None) or None,
    )
