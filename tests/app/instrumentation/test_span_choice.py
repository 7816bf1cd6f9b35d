"""Which traces are kept: those of the share, and whatever failed or was slow, with all that its process did."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from harness import processes
from harness.foreign import Project
from harness.processes import GUNICORN, HttpProcess
from harness.spans import Span, SpanStore
from harness.wait import eventually

SHARE = 0.3
NO_SHARE = {"OTEL_TRACES_SAMPLER_ARG": "0", "OTEL_BSP_SCHEDULE_DELAY": "200", "TRACE_SLOW_SECONDS": "0.3"}


@pytest.fixture(scope="module")
def store() -> Iterator[SpanStore]:
    store = SpanStore()
    with store.running():
        yield store


def site(folder: Path, store: SpanStore, **more: str) -> HttpProcess:
    """gunicorn with the tests' views; of the traces that begin here it keeps those that have a reason of their own."""
    return processes.serve(
        folder, *GUNICORN, "harness.wsgi", **{"OTEL_EXPORTER_OTLP_ENDPOINT": store.url, **NO_SHARE, **more}
    )


def ask(process: HttpProcess, path: str) -> str:
    """The id of the trace that a request begins."""
    name = secrets.token_hex(8)
    requests.get(f"{process.url}/{path}", headers={"X-Request-ID": name, "Connection": "close"}, timeout=20)
    return str(process.line(logger="access", request_id=name)["trace_id"])


def decisions(spans: list[Span]) -> set[tuple[str, str]]:
    return {(span.name, span.attributes["sampling_decision"]) for span in spans}


@pytest.fixture(scope="module")
def traced_site(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, store: SpanStore
) -> Iterator[HttpProcess]:
    with site(tmp_path_factory.mktemp("choice"), store) as process:
        yield process


def test_what_fails_or_is_slow_is_kept_outside_the_share_and_nothing_else(
    traced_site: HttpProcess, store: SpanStore
) -> None:
    fine = [ask(traced_site, "fine") for _ in range(20)]
    failed, slow = ask(traced_site, "fail"), ask(traced_site, "stream?pieces=3&wait=0.2")
    eventually(lambda: store.of(failed) and store.of(slow), "both traces")
    assert decisions(store.of(failed)) == {("GET fail", "error")}
    assert decisions(store.of(slow)) == {("GET stream", "slow")}
    assert [trace for trace in fine if store.of(trace)] == []


def test_of_all_others_exactly_the_share_is_kept(django_db_setup: None, store: SpanStore, tmp_path: Path) -> None:
    with site(tmp_path, store, OTEL_TRACES_SAMPLER_ARG=str(SHARE)) as process:
        asked = [ask(process, "fine") for _ in range(60)]
        wanted = {trace for trace in asked if int(trace[16:], 16) < SHARE * 2**64}
        eventually(lambda: wanted <= {trace for trace in asked if store.of(trace)}, "the share's traces", 20)
        last = ask(process, "fail")
        eventually(lambda: store.of(last), "a later trace")
    assert 0 < len(wanted) < len(asked)
    assert {trace for trace in asked if store.of(trace)} == wanted
    assert {decision for trace in wanted for decision in decisions(store.of(trace))} == {("GET fine", "share")}


SENDS = """
import django; django.setup()
from django_instrumentation import context, tracing
tracing.start()
for _ in range(3):
    opened = context.Context()
    span = tracing.start_request(opened, "GET")
    with tracing.active(span):
        tracing.send_span("ship")
    tracing.end_request(span, opened, "GET", "orders", 200)
tracing._provider.force_flush()
"""


@pytest.mark.parametrize(("whole", "sent"), [("true", 6), ("false", 0)])
def test_of_a_trace_with_other_parts_all_is_sent_to_a_collector_that_can_decide(
    store: SpanStore, tmp_path: Path, whole: str, sent: int
) -> None:
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": store.url, **NO_SHARE, "DJANGO_SETTINGS_MODULE": "shop.settings"}
    before = len(store.spans)
    done = Project(tmp_path).run("-c", SENDS, **settings, TRACE_WHOLE=whole)
    assert done.returncode == 0, done.stderr
    found = store.spans[before:]
    assert len(found) == sent
    assert {decision for _, decision in decisions(found)} == ({"undecided"} if sent else set())


CAPPED = """
import django; django.setup()
from django_instrumentation import context, metrics, tracing
tracing.start()
opened = context.Context()
span = tracing.start_request(opened, "GET")
with tracing.active(span):
    for number in range(1200):
        tracing._tracer.start_span("work").end()
    late = tracing._tracer.start_span("late")
tracing.end_request(span, opened, "GET", "x", 500)
late.end()
tracing._provider.force_flush()
samples = [each for metric in metrics.SPANS_DROPPED.collect() for each in metric.samples]
print("lost", {each.labels["reason"]: each.value for each in samples if each.name.endswith("_total") and each.value})
from django_instrumentation import span_choice
print("kept", [each._parts for each in tracing._provider._active_span_processor._span_processors])
"""


def test_of_a_request_with_very_many_spans_the_first_are_kept_and_the_others_counted(
    store: SpanStore, tmp_path: Path
) -> None:
    before = len(store.spans)
    settings = {"OTEL_EXPORTER_OTLP_ENDPOINT": store.url, **NO_SHARE, "DJANGO_SETTINGS_MODULE": "shop.settings"}
    done = Project(tmp_path).run("-c", CAPPED, **settings)
    assert "lost {'too_many': 200.0}" in done.stdout, done.stdout + done.stderr
    assert "kept [{}]" in done.stdout, done.stdout  # also of what ended after its request
    assert len(store.spans) - before == 1001
