"""Which spans are sent: those of the share, and all of a request or task that failed, or that was slow to answer.

Whether one fails or is slow is known at its end. So every span is recorded, and those of a trace outside the share wait
until what this process does of it is over. Other processes may have other parts of the trace. Where the collector can
decide on the whole of it, parts without a reason of their own are sent too, marked as undecided.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.sampling import Decision, ParentBased, Sampler, SamplingResult, TraceIdRatioBased
from opentelemetry.trace import Link, SpanContext, SpanKind, StatusCode, TraceFlags, TraceState
from opentelemetry.util.types import Attributes

from django_instrumentation import forks
from django_instrumentation.span_export import DECISION, CountingProcessor, lose

SHARE, ERROR, SLOW, UNDECIDED = "share", "error", "slow", "undecided"
MOST_SPANS = 1_000
"""Of one trace in one process: a request with more queries is kept without the rest of them."""
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)


class Share(Sampler):
    """The share of the traces that begin here, and what callers want kept; everything else is recorded only."""

    def __init__(self, ratio: float) -> None:
        self._ratio = ratio
        self._by = ParentBased(TraceIdRatioBased(ratio))

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        found = self._by.should_sample(parent_context, trace_id, name, kind, attributes, links)
        if found.decision is Decision.DROP:
            return SamplingResult(Decision.RECORD_ONLY, attributes, found.trace_state)
        return found

    def get_description(self) -> str:
        return f"Share of {self._ratio}"


@dataclass(slots=True)
class Part:
    """What this process does of a trace."""

    going_on: int = 0
    """How many spans of it have their parent elsewhere, or none, and haven't ended."""
    spans: list[ReadableSpan] = field(default_factory=list)
    left_out: int = 0
    reason: str = ""
    has_more: bool = False
    """Whether the trace began elsewhere, or went on from here."""


class Chooser(SpanProcessor):
    def __init__(self, sender: CountingProcessor, *, slow_seconds: float, whole: bool) -> None:
        self._sender = sender
        self._slow_ns = slow_seconds * 1e9
        self._whole = whole
        self._parts: dict[int, Part] = {}
        self._lock = forks.new_lock()

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        if span.context.trace_flags.sampled or not _is_local_root(span):
            return
        with self._lock:
            part = self._parts.setdefault(span.context.trace_id, Part())
            part.going_on += 1
        part.has_more |= span.parent is not None

    def on_end(self, span: ReadableSpan) -> None:
        if span.context.trace_flags.sampled:
            self._send(span, SHARE)
            return
        part = self._parts.get(span.context.trace_id)
        if part is None:  # it outlived the request that it belongs to
            return
        if len(part.spans) < MOST_SPANS or _is_local_root(span):
            part.spans.append(span)
        else:
            part.left_out += 1
        part.reason = part.reason or self._reason(span)
        part.has_more |= _leads_elsewhere(span)
        if _is_local_root(span):
            self._end(part, span.context.trace_id)

    def _end(self, part: Part, trace_id: int) -> None:
        with self._lock:
            part.going_on -= 1
            if part.going_on:
                return
            self._parts.pop(trace_id, None)
        reason = part.reason or (UNDECIDED if self._whole and part.has_more else "")
        if not reason:
            return
        for span in part.spans:
            self._send(span, reason)
        if part.left_out:
            lose("too_many", f"one trace has more than {MOST_SPANS} spans", part.left_out)

    def _reason(self, span: ReadableSpan) -> str:
        if span.status.status_code is StatusCode.ERROR:
            return ERROR
        taken = (span.end_time or 0) - (span.start_time or 0)
        return SLOW if span.kind is SpanKind.SERVER and taken >= self._slow_ns else ""

    def _send(self, span: ReadableSpan, decision: str) -> None:
        """The SDK made this copy for its processors alone. It sends none whose flags don't say sampled."""
        marked: Any = span
        setattr(marked, DECISION, decision)
        given = span.context
        marked._context = SpanContext(given.trace_id, given.span_id, given.is_remote, _SAMPLED, given.trace_state)
        self._sender.on_end(span)

    def shutdown(self) -> None:
        self._sender.shutdown()  # type: ignore[no-untyped-call]

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._sender.force_flush(timeout_millis)


def _is_local_root(span: ReadableSpan) -> bool:
    return span.parent is None or span.parent.is_remote


def _leads_elsewhere(span: ReadableSpan) -> bool:
    """Whether it handed the trace on: to a task, or to whoever answers a call. Databases make no spans of their own."""
    if span.kind is SpanKind.CLIENT:
        return not any(name.startswith("db.") for name in span.attributes or ())
    return span.kind is SpanKind.PRODUCER
