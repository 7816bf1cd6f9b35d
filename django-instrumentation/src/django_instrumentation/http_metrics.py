"""What is counted of each request, once it is over: under the names and labels that django-prometheus gives them.

`max_views` views have labels of their own, and twice as many pairs of a view and a method; all other requests carry the
view `other`.
"""

import sys
from functools import cache

from django.http import HttpRequest
from prometheus_client import Counter, Histogram

from django_instrumentation import body_limit, metrics, view_label

LATENCY_BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""Few, because there is a histogram for each view and method; the rules read 1, 2.5 and 5."""
UNCOMMON = frozenset(("HEAD", "OPTIONS", "TRACE", "CONNECT", "<invalid method>"))
"""Methods that most views answer without being made for them."""
SIZE_BUCKETS = (*(2**power for power in range(30)), float("inf"))

REQUESTS = Counter(
    "django_http_requests_before_middlewares", "Requests that have arrived, probes and scrapes left out."
)
RESPONSES = Counter("django_http_responses_before_middlewares", "Requests that are over.")
LATENCY = Histogram(
    "django_http_requests_latency_including_middlewares_seconds",
    "From the arrival of a request to the end of its answer.",
    buckets=metrics.DURATION_BUCKETS,
)
LATENCY_BY_VIEW = Histogram(
    "django_http_requests_latency_seconds_by_view_method",
    "From the arrival of a request to the end of its answer, by view.",
    ["view", "method"],
    buckets=LATENCY_BUCKETS,
)
REQUESTS_BY_METHOD = Counter("django_http_requests_total_by_method", "Requests by method.", ["method"])
REQUESTS_BY_TRANSPORT = Counter("django_http_requests_total_by_transport", "Requests by http or https.", ["transport"])
REQUESTS_BY_VIEW = Counter(
    "django_http_requests_total_by_view_transport_method",
    "Requests that a view was found for.",
    ["view", "transport", "method"],
)
RESPONSES_BY_STATUS = Counter(
    "django_http_responses_total_by_status", "Answers by status; 499: the client hung up.", ["status"]
)
RESPONSES_BY_VIEW = Counter(
    "django_http_responses_total_by_status_view_method", "Answers by status and view.", ["status", "view", "method"]
)
STREAMS = Counter("django_http_responses_streaming", "Answers whose body was made piece by piece.")
REQUEST_SIZE = Histogram(
    "django_http_requests_body_total_bytes", "The stated length of request bodies.", buckets=SIZE_BUCKETS
)
RESPONSE_SIZE = Histogram(
    "django_http_responses_body_total_bytes", "The length of answers that aren't streams.", buckets=SIZE_BUCKETS
)
EXCEPTIONS_BY_TYPE = Counter("django_http_exceptions_total_by_type", "Exceptions that became a 500.", ["type"])
EXCEPTIONS_BY_VIEW = Counter("django_http_exceptions_total_by_view", "Exceptions that became a 500.", ["view"])

# Finding the child of a metric takes longer than counting.
_method = cache(REQUESTS_BY_METHOD.labels)
_transport = cache(REQUESTS_BY_TRANSPORT.labels)
_request = cache(REQUESTS_BY_VIEW.labels)
_latency = cache(LATENCY_BY_VIEW.labels)
_status = cache(RESPONSES_BY_STATUS.labels)
_response = cache(RESPONSES_BY_VIEW.labels)


def observe(request: HttpRequest, *, method: str, status: int, seconds: float, size: int | None) -> None:
    """Count a request that is over; `size` is the answer's, unless it was a stream or there was none."""
    by_anybody = method in UNCOMMON or is_refused(status)
    view = view_label.of_pair(view_of(request, status), method, by_anybody=by_anybody)
    transport = "https" if request.is_secure() else "http"
    stated = request.META.get("CONTENT_LENGTH") or ""
    RESPONSES.inc()
    LATENCY.observe(seconds)
    _latency(view, method).observe(seconds)
    _method(method).inc()
    _transport(transport).inc()
    if request.resolver_match is not None:
        _request(view, transport, method).inc()
    _status(str(status)).inc()
    _response(str(status), view, method).inc()
    REQUEST_SIZE.observe(int(stated) if stated.isdecimal() and len(stated) <= body_limit.MAX_DIGITS else 0)
    if size is not None:
        RESPONSE_SIZE.observe(size)


def count_exception(request: HttpRequest | None = None, **_: object) -> None:
    """A receiver of got_request_exception, which Django sends for what it doesn't answer with a 4xx."""
    error = sys.exc_info()[1]
    if request is not None:
        request.uncaught = error  # type: ignore[attr-defined]
    EXCEPTIONS_BY_TYPE.labels(type(error).__name__ if error else "unknown").inc()
    EXCEPTIONS_BY_VIEW.labels(view_of(request)).inc()


def view_of(request: HttpRequest | None, status: int = 500) -> str:
    match = request.resolver_match if request is not None else None
    if match is None or not match.view_name:
        return "<unnamed view>"
    return view_label.of(match.view_name, by_anybody=is_refused(status))


def is_refused(status: int) -> bool:
    """Such as for want of a log-in, of a CSRF token, or of a view that knows the method."""
    return 400 <= status < 500
