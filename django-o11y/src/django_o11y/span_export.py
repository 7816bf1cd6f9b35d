"""Sends spans by OTLP without secrets: in the thread that sends them, so that no request waits for it."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import Link, Status

from django_o11y import scrub
from django_o11y.losses import Losses

MAX_TEXT = 8_000
_losses = Losses(
    logging.getLogger(__name__),
    "Spans that didn't reach the collector since the last such line: %d (%s). Check that the collector of "
    "OTEL_EXPORTER_OTLP_ENDPOINT answers.",
)


class ScrubbingExporter(OTLPSpanExporter):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._reason = "unknown"
        logging.getLogger(OTLPSpanExporter.__module__).addFilter(self._keep_reason)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        try:
            result = super().export([scrubbed(span) for span in spans])
        except Exception as error:  # what older versions let through, such as a timeout of requests
            result, self._reason = SpanExportResult.FAILURE, f"{type(error).__name__}: {error}"
        if result is not SpanExportResult.SUCCESS:
            _losses.add(self._reason, len(spans))
        return result

    def _keep_reason(self, record: logging.LogRecord) -> bool:
        """The exporter writes several lines for each batch, one at ERROR, which would be an error event."""
        self._reason = record.getMessage()
        return False


def scrubbed(span: ReadableSpan) -> ReadableSpan:
    """A copy of what instrumentations recorded: URLs with their query, statements, the messages of exceptions."""
    return ReadableSpan(
        name=scrub.clean(span.name, MAX_TEXT),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_attributes(span.attributes),
        events=[
            Event(scrub.clean(event.name, MAX_TEXT), _attributes(event.attributes), event.timestamp)
            for event in span.events
        ],
        links=[Link(link.context, _attributes(link.attributes)) for link in span.links],
        kind=span.kind,
        status=Status(span.status.status_code, _attribute("", span.status.description)),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _attributes(given: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: _attribute(name, value) for name, value in (given or {}).items()}


def _attribute(name: str, value: Any) -> Any:
    if scrub.is_secret_key(name):
        return scrub.FILTERED
    if isinstance(value, str):
        return scrub.clean(value, MAX_TEXT)
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_attribute("", item) for item in value]
    return value
