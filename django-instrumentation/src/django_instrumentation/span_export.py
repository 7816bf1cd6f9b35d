"""Sends spans by OTLP without secrets: in the thread that sends them, so that no request waits for it.

What doesn't arrive is counted by reason.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.environment_variables import OTEL_BSP_MAX_QUEUE_SIZE
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.trace import Link, Status

from django_instrumentation import forks, metrics, scrub
from django_instrumentation.losses import Losses
from django_instrumentation.scrub_parts import FILTERED

MAX_TEXT = 8_000
QUEUE_SIZE = 2_048  # as the SDK has it
DECISION = "sampling_decision"
"""The tag that says why a span was sent; until then, where a span keeps it."""
_losses = Losses(
    logging.getLogger(__name__),
    "Spans that didn't reach the collector since the last such line: %d (%s). Check that the collector of "
    "OTEL_EXPORTER_OTLP_ENDPOINT answers.",
)


def lose(reason: str, sentence: str, number: int) -> None:
    metrics.SPANS_DROPPED.labels(reason).inc(number)
    _losses.add(sentence, number)


class Waiting:
    """How many spans are on their way: those that no collector has taken, and that aren't counted as lost."""

    def __init__(self) -> None:
        self._number = 0
        self._lock = forks.new_lock()

    def add(self, most: int) -> bool:
        """Whether there was room for one more."""
        with self._lock:
            self._number += (room := self._number < most)
            return room

    def remove(self, number: int) -> int:
        """How many of them were there still."""
        with self._lock:
            removed = min(number, self._number)
            self._number -= removed
            return removed


class ScrubbingExporter(OTLPSpanExporter):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.waiting = Waiting()
        self._reason = "unknown"
        logging.getLogger(OTLPSpanExporter.__module__).addFilter(self._keep_reason)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        try:
            result = super().export([scrubbed(span) for span in spans])
        except Exception as error:  # what older versions let through, such as a timeout of requests
            result, self._reason = SpanExportResult.FAILURE, f"{type(error).__name__}: {error}"
        ended = self.waiting.remove(len(spans))
        if result is not SpanExportResult.SUCCESS and ended:
            lose("export_failed", self._reason, ended)
        return result

    def _keep_reason(self, record: logging.LogRecord) -> bool:
        """The exporter writes several lines for each batch, one at ERROR, which would be an error event."""
        self._reason = record.getMessage()
        return False


class CountingProcessor(BatchSpanProcessor):
    """Takes no more spans than the SDK's queue holds, which would drop one without a count."""

    def __init__(self, exporter: ScrubbingExporter, **options: Any) -> None:
        given = os.environ.get(OTEL_BSP_MAX_QUEUE_SIZE, "")
        self._most = int(given) if given.isdecimal() else QUEUE_SIZE
        self._waiting = exporter.waiting
        super().__init__(exporter, max_queue_size=self._most, **options)

    def on_end(self, span: ReadableSpan) -> None:
        if not (span.context and span.context.trace_flags.sampled):
            return
        if self._waiting.add(self._most):
            super().on_end(span)
        else:
            lose("queue_full", "the queue is full", 1)

    def count_left(self) -> None:
        """At the end of the process: what still waits is lost."""
        if left := self._waiting.remove(self._most):
            lose("exit", "the process ends", left)


def scrubbed(span: ReadableSpan) -> ReadableSpan:
    """A copy of what instrumentations recorded: URLs with their query, statements, the messages of exceptions."""
    return ReadableSpan(
        name=scrub.clean(span.name, MAX_TEXT),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_attributes(span.attributes) | {DECISION: getattr(span, DECISION)},
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
        return FILTERED
    if isinstance(value, str):
        return scrub.clean(value, MAX_TEXT)
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_attribute("", item) for item in value]
    return value
