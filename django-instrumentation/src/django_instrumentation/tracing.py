"""Spans by OpenTelemetry, sent by OTLP over HTTP; off unless an endpoint is set, and then nothing of it is loaded.

Server, producer and consumer spans are made by this package's own middleware and signal handlers, so that a log line,
an error event and a span carry the same ids; database, Redis and HTTP client spans by OpenTelemetry's instrumentations.
"""

import atexit
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django_instrumentation import conf, context

STOP_SECONDS = 2.0
"""How long a process may take to send its last spans; by itself the SDK waits 30 s for a dead collector."""
EXPORT_SECONDS = 3
SEND_AFTER_MS = 1_000
"""How old a span gets before it is sent; the SDK's own 5 s are long for whoever looks for the trace of a moment ago."""
TRACED_LIBRARIES = ("psycopg", "redis", "requests")
"""Instrumented if they are installed; each instrumentation imports its library."""

_owner = 0
_processor: Any = None
_provider: Any = None
_tracer: Any = None


def start() -> None:
    """Begin in this process, if an endpoint is set; after any fork, because its threads don't survive one."""
    global _owner, _processor, _provider, _tracer
    settings = conf.get()
    if not settings.trace_endpoint or _owner == os.getpid() or is_disabled() or not is_installed():
        return
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    from django_instrumentation.span_choice import Chooser, Share
    from django_instrumentation.span_export import CountingProcessor, ScrubbingExporter

    resource = {
        "service.namespace": settings.application,
        "service.name": settings.service,
        "service.version": settings.version,
        "deployment.environment.name": settings.env,
    }
    _provider = TracerProvider(
        resource=Resource.create(resource),
        sampler=Share(settings.trace_ratio),
        shutdown_on_exit=False,  # it would wait for half a minute; stop() doesn't
    )
    endpoint = f"{settings.trace_endpoint.rstrip('/')}/v1/traces"
    exporter = ScrubbingExporter(endpoint=endpoint, timeout=EXPORT_SECONDS)
    delay = None if "OTEL_BSP_SCHEDULE_DELAY" in os.environ else SEND_AFTER_MS
    _processor = CountingProcessor(exporter, schedule_delay_millis=delay)
    chooser = Chooser(_processor, slow_seconds=settings.trace_slow_seconds, whole=settings.trace_whole)
    _provider.add_span_processor(chooser)
    _tracer = _provider.get_tracer("django_instrumentation")
    _owner = os.getpid()
    _instrument_libraries(_provider)
    atexit.register(stop)


def is_disabled() -> bool:
    """OpenTelemetry's own switch: its tracer would then give each span the id 0."""
    return os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"


def is_installed() -> bool:
    """Whether spans can be made and sent; other packages bring parts of OpenTelemetry with them."""
    return _has("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http")


def _has(*modules: str) -> bool:
    try:
        return all(map(find_spec, modules))
    except ModuleNotFoundError:  # already the parent is missing
        return False


def _instrument_libraries(provider: Any) -> None:
    for library in TRACED_LIBRARIES:
        name = f"opentelemetry.instrumentation.{library}"
        if not _has(library, name):
            continue
        instrumentor = getattr(import_module(name), f"{library.capitalize()}Instrumentor")()
        if instrumentor.is_instrumented_by_opentelemetry:  # by a parent: its provider is dead here
            instrumentor.uninstrument()
        instrumentor.instrument(tracer_provider=provider)


def stop() -> None:
    """Send what is left, for STOP_SECONDS at most."""
    global _owner, _provider, _tracer
    if _provider is None or _owner != os.getpid():
        return
    last = threading.Thread(target=_provider.shutdown, daemon=True)
    _owner, _provider, _tracer = 0, None, None
    with suppress(RuntimeError):  # Python 3.12.0 and 3.12.1 start no thread any more when the interpreter ends
        last.start()
        last.join(STOP_SECONDS)
    _processor.count_left()


def is_on() -> bool:
    return _tracer is not None and _owner == os.getpid()


def start_request(opened: context.Context, method: str) -> Any:
    """The server span of a request; from here on the context has its ids. None where there are no spans."""
    if not is_on():
        return None
    from opentelemetry.trace import SpanKind

    return _start(method, SpanKind.SERVER, opened, {"http.request.method": method})


@contextmanager
def active(span: Any) -> Iterator[None]:
    """What is called in here makes children of the span, which goes on afterwards."""
    if span is None:
        yield
        return
    from opentelemetry.trace import use_span

    with use_span(span):
        yield


def end_request(
    span: Any, opened: context.Context, method: str, route: str | None, status: int, view: str = ""
) -> None:
    """What is known of a request only when it has been answered; ends its span."""
    from opentelemetry.trace import Status, StatusCode

    if route is not None:
        span.update_name(f"{method} {route}")
        span.set_attribute("http.route", route)
    span.set_attribute("http.response.status_code", status)
    span.set_attribute("view", view)  # as in the metrics
    _add_person(span, opened)
    if status >= 500:
        span.set_status(Status(StatusCode.ERROR))
    span.end()


@contextmanager
def task_span(opened: context.Context, task: str, system: str) -> Iterator[Any]:
    """The consumer span of a task, a child of the span that sent it."""
    if not is_on():
        yield None
        return
    from opentelemetry.trace import SpanKind

    attributes = {"messaging.operation.name": "process", f"{system}.task": task}
    attributes[f"{system}.task_id"] = opened.task_id or ""
    span = _start(f"process {task}", SpanKind.CONSUMER, opened, attributes)
    _add_person(span, opened)
    try:
        with active(span):
            yield span
    finally:
        span.end()


def send_span(task: str) -> dict[str, str]:
    """A producer span, and what the task's message has to carry so that its own span becomes a child of it."""
    if not is_on():
        return {}
    from opentelemetry.trace import SpanKind

    attributes = {"messaging.operation.name": "send", "celery.task": task}
    span = _tracer.start_span(f"send {task}", kind=SpanKind.PRODUCER, attributes=attributes)
    span.end()
    return {"traceparent": "-".join(("00", *_ids(span)))}


def end_task(span: Any, outcome: str, system: str) -> None:
    """What is known of a task only when it is over."""
    if span is None:
        return
    from opentelemetry.trace import Status, StatusCode

    span.set_attribute(f"{system}.state", outcome)
    if outcome in ("failed", "interrupted"):
        span.set_status(Status(StatusCode.ERROR))


def _start(name: str, kind: Any, opened: context.Context, attributes: dict[str, str]) -> Any:
    """A span whose ids the context has from here on."""
    from opentelemetry.context import Context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    caller = f"00-{opened.trace_id}-{opened.parent_id}-{opened.trace_flags}" if opened.parent_id else ""
    # Without a caller there is no parent, whatever this thread did before.
    parent = TraceContextTextMapPropagator().extract({"traceparent": caller}, Context())
    span = _tracer.start_span(name, context=parent, kind=kind, attributes=attributes)
    opened.trace_id, opened.span_id, opened.trace_flags = _ids(span)
    if opened.request_id:
        span.set_attribute("request_id", opened.request_id)
    return span


def _ids(span: Any) -> tuple[str, str, str]:
    """As in a traceparent: trace, span and flags."""
    found = span.get_span_context()
    return f"{found.trace_id:032x}", f"{found.span_id:016x}", f"{found.trace_flags & 1:02x}"


def _add_person(span: Any, opened: context.Context) -> None:
    if person := opened.find_person():
        span.set_attribute("user.id", person.user_id)
        if person.org_id is not None:
            span.set_attribute("organization.id", person.org_id)
