"""django-prometheus' middleware without its defects.

It observes the latency of a failed request twice, labels it with whatever verb the client made up, and counts as an
exception what Django answers with a 4xx.
"""

from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django_prometheus.middleware import PrometheusAfterMiddleware, PrometheusBeforeMiddleware

__all__ = ["AfterMiddleware", "BeforeMiddleware"]

BeforeMiddleware = PrometheusBeforeMiddleware
ANSWERED = (Http404, PermissionDenied, BadRequest, SuspiciousOperation, MultiPartParserError, UnreadablePostError)


class AfterMiddleware(PrometheusAfterMiddleware):  # type: ignore[misc]
    def label_metric(self, metric: Any, request: HttpRequest, response: Any = None, **labels: str) -> Any:
        if "method" in labels:
            labels["method"] = self._method(request)
        return super().label_metric(metric, request, response, **labels)

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Only count: process_response follows and observes the latency."""
        if isinstance(exception, ANSWERED):
            return
        self.metrics.exceptions_by_type.labels(type=type(exception).__name__).inc()
        self.metrics.exceptions_by_view.labels(view=self._get_view_name(request)).inc()
