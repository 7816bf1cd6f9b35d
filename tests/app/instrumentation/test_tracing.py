"""Real spans of real processes, received by a store that speaks OTLP."""

import os
import secrets
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from types import SimpleNamespace

import pytest
import requests
from django.conf import settings as django_settings
from harness import processes, scripts
from harness.partner import Partner
from harness.processes import GUNICORN, HttpProcess
from harness.samples import total
from harness.spans import Span, SpanStore
from harness.wait import eventually

from django_instrumentation import tracing
from organizations.models import User

PARENT = "b7ad6b7169203331"
SOON = {"OTEL_BSP_SCHEDULE_DELAY": "200"}
STOP_SECONDS = 10  # gunicorn's own way down included; without a bound it would be more than 30


@pytest.fixture(scope="module")
def store() -> Iterator[SpanStore]:
    store = SpanStore()
    with store.running():
        yield store


@pytest.fixture(scope="module")
def traced(store: SpanStore, running_partner: Partner) -> dict[str, str]:
    """The environment of a process that keeps every trace."""
    urls = {"PAYMENT_API_URL": running_partner.url, "SHIPPING_API_URL": running_partner.url}
    return {"OTEL_EXPORTER_OTLP_ENDPOINT": store.url, "OTEL_TRACES_SAMPLER_ARG": "1", **SOON, **urls}


@pytest.fixture(scope="module")
def traced_web(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, traced: dict[str, str]
) -> Iterator[HttpProcess]:
    with processes.web(tmp_path_factory.mktemp("traced"), **traced) as process:
        yield process


def headers(trace_id: str, flags: str = "01") -> dict[str, str]:
    return {"traceparent": f"00-{trace_id}-{PARENT}-{flags}", "Connection": "close"}


def one(spans: list[Span], kind: str, name: str) -> Span:
    (found,) = [span for span in spans if (span.kind, span.name) == (kind, name)]
    return found


def test_one_trace_leads_from_the_request_to_its_tasks_and_their_calls(
    traced_web: HttpProcess,
    traced: dict[str, str],
    store: SpanStore,
    demo: User,
    token: str,
    partner: Partner,
    tmp_path: Path,
) -> None:
    trace_id = secrets.token_hex(16)
    with processes.celery(tmp_path, "worker", "--concurrency", "2", **traced) as worker:
        answer = requests.post(
            f"{traced_web.url}/api/orders",
            json={"card_token": "tok_ok", "lines": [{"product": "SKU-0001", "quantity": 1}]},
            headers={"Authorization": f"Token {token}", **headers(trace_id)},
            timeout=20,
        )
        assert answer.status_code == 201
        wanted = {("consumer", "process orders.tasks.ship_order"), ("consumer", "process orders.tasks.invoice_order")}
        eventually(lambda: wanted <= {(span.kind, span.name) for span in store.of(trace_id)}, f"the spans {wanted}", 30)
        spans = store.of(trace_id)
        task = one(spans, "consumer", "process orders.tasks.ship_order")
        shipped = worker.line(logger="task", task_id=task.attributes["celery.task_id"])
    ids = {span.span_id: span for span in spans}
    server = one(spans, "server", "POST api/orders")
    assert server.parent_id == PARENT
    assert (server.attributes["http.response.status_code"], server.attributes["user.id"]) == (201, str(demo.pk))
    assert server.attributes["organization.id"] == str(demo.organization_id)
    assert (server.resource["service.namespace"], server.resource["service.name"]) == ("erp", "erp-web")
    assert server.resource["deployment.environment.name"] == django_settings.ENV
    sent = one(spans, "producer", "send orders.tasks.ship_order")
    assert task.parent_id == sent.span_id
    assert ids[sent.parent_id].resource["service.name"] == "erp-web"
    assert task.span_id == shipped["span_id"]
    assert (task.attributes["user.id"], task.resource["service.name"]) == (str(demo.pk), "erp-worker")
    calls = {ids[span.parent_id].kind for span in spans if (span.kind, span.name) == ("client", "POST")}
    assert calls == {"server", "consumer"}  # the payment and the shipment
    assert {call.headers["traceparent"].split("-")[1] for call in partner.calls} == {trace_id}
    assert [span for span in spans if span.attributes.get("db.system") == "postgresql"]
    access = traced_web.line(logger="access", trace_id=trace_id)
    assert access["span_id"] == server.span_id


def test_every_request_of_every_worker_is_a_span_also_after_one_died(traced_web: HttpProcess, store: SpanStore) -> None:
    def ask(number: int) -> set[str]:
        traces = {secrets.token_hex(16) for _ in range(number)}
        for trace_id in traces:
            assert requests.get(f"{traced_web.url}/api/version", headers=headers(trace_id), timeout=10).ok
        return traces

    def arrive(traces: set[str]) -> None:
        eventually(lambda: traces <= {span.trace_id for span in store.spans}, f"{len(traces)} traces", 20)

    before = ask(40)
    arrive(before)
    victim = traced_web.children[0]
    os.kill(victim, signal.SIGKILL)
    eventually(lambda: victim not in traced_web.children and len(traced_web.children) == 3, "another worker")
    after = ask(40)
    arrive(after)
    servers = [span for span in store.spans if span.kind == "server" and span.trace_id in before | after]
    assert len(servers) == 80


def test_who_calls_decides_whether_a_trace_is_kept(traced_web: HttpProcess, store: SpanStore) -> None:
    left_out, kept = secrets.token_hex(16), secrets.token_hex(16)
    for trace_id, flags in ((left_out, "00"), (kept, "01")):
        assert requests.get(f"{traced_web.url}/api/version", headers=headers(trace_id, flags), timeout=10).ok
    eventually(lambda: store.of(kept), "the kept trace")
    assert store.of(left_out) == []
    assert traced_web.line(logger="access", trace_id=left_out)["status"] == 200


def test_probes_and_scrapes_leave_no_span(traced_web: HttpProcess, store: SpanStore) -> None:
    for path in ("/livez", "/readyz", "/healthz"):
        requests.get(f"{traced_web.url}{path}", timeout=10)
    traced_web.metrics()
    marker = secrets.token_hex(16)
    requests.get(f"{traced_web.url}/api/version", headers=headers(marker), timeout=10)
    eventually(lambda: store.of(marker), "a later span")
    assert [span.name for span in store.spans if "livez" in span.name or "metrics" in span.name] == []


def test_a_collector_that_never_answers_holds_nobody_up(
    django_db_setup: None, traced: dict[str, str], black_hole: int, tmp_path: Path
) -> None:
    endpoint = f"http://127.0.0.1:{black_hole}"
    with processes.web(tmp_path, **{**traced, "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}) as web:
        for _ in range(20):
            answer = requests.get(f"{web.url}/api/version", headers=headers(secrets.token_hex(16)), timeout=5)
            assert answer.ok
        begun = monotonic()
        assert web.stop() == 0
        assert monotonic() - begun < STOP_SECONDS


IS_ON = (
    "import django, sys; django.setup(); from django_instrumentation import tracing; "
    "print(tracing.is_on(), *sys.modules)"
)
WITHOUT_REDIS = """
import importlib.util, sys
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "redis" else find(name, *more)
sys.modules["opentelemetry.instrumentation.redis"] = None
"""


def test_off_loads_nothing() -> None:
    on, *modules = scripts.output("-c", IS_ON).split()
    assert (on, "opentelemetry" in modules) == ("False", False)


def test_a_library_that_is_not_installed_is_none_to_be_traced() -> None:
    said = scripts.run("-c", WITHOUT_REDIS + IS_ON, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9").stdout
    on, *modules = said.splitlines()[-1].split()
    assert (on, "opentelemetry" in modules) == ("True", True)


@pytest.fixture(scope="module")
def sampled_site(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, traced: dict[str, str]
) -> Iterator[HttpProcess]:
    """gunicorn with the tests' views; of the traces that begin here it keeps none."""
    command = ("gunicorn", "-c", "python:django_instrumentation.gunicorn", "-b", "127.0.0.1:{port}", "harness.wsgi")
    environment = {**traced, "OTEL_TRACES_SAMPLER_ARG": "0"}
    with processes.serve(tmp_path_factory.mktemp("sampled"), *command, **environment) as process:
        yield process


@pytest.mark.parametrize("view", ["stream", "fail"])
def test_the_span_of_a_request_ends_with_its_body(sampled_site: HttpProcess, store: SpanStore, view: str) -> None:
    trace_id = secrets.token_hex(16)
    url = f"{sampled_site.url}/{view}?pieces=3&wait=0.1"
    status = requests.get(url, headers=headers(trace_id), timeout=20).status_code
    (span,) = eventually(lambda: store.of(trace_id), "its span")
    assert (span.kind, span.name, span.parent_id) == ("server", f"GET {view}", PARENT)
    assert span.attributes["http.response.status_code"] == status
    assert view != "stream" or span.seconds > 0.2


def test_a_trace_begun_here_is_kept_by_its_ratio(sampled_site: HttpProcess, store: SpanStore) -> None:
    assert requests.get(f"{sampled_site.url}/fine", timeout=10).ok
    trace_id = sampled_site.line(logger="access", view="fine")["trace_id"]
    assert len(trace_id) == 32
    kept = secrets.token_hex(16)
    assert requests.get(f"{sampled_site.url}/fine", headers=headers(kept), timeout=10).ok
    eventually(lambda: store.of(kept), "the trace that the caller keeps")
    assert store.of(trace_id) == []


def test_the_lost_spans_of_all_workers_are_counted(
    django_db_setup: None, traced: dict[str, str], tmp_path: Path
) -> None:
    nowhere = {**traced, "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{processes.free_port()}"}
    nowhere["OTEL_TRACES_SAMPLER_ARG"] = "0"  # a scrape, which asks the database, begins traces of its own
    with processes.serve(tmp_path, *GUNICORN, "harness.wsgi", **nowhere) as process:
        workers: list[str] = []

        def ask() -> bool:
            answer = requests.get(f"{process.url}/fine", headers=headers(secrets.token_hex(16)), timeout=10)
            workers.append(answer.text)
            return len(set(workers)) == 2

        eventually(ask, "answers of both workers")
        number, lost = len(workers), "spans_dropped_total"
        eventually(lambda: total(process.metrics(), lost, reason="export_failed") == number, "all lost spans")
        assert {total(process.metrics(), lost) for _ in range(6)} == {number}


def test_an_interpreter_that_starts_no_thread_at_its_end_ends_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Python 3.12.0 and 3.12.1 do; what waits is counted as lost."""
    counted: list[bool] = []

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(tracing, "_owner", os.getpid())
    monkeypatch.setattr(tracing, "_provider", SimpleNamespace(shutdown=None))
    monkeypatch.setattr(tracing, "_processor", SimpleNamespace(count_left=lambda: counted.append(True)))
    monkeypatch.setattr(threading.Thread, "start", refuse)
    tracing.stop()
    assert counted == [True]
