"""The trace store by itself: what it keeps of traces in parts, what a kill loses, and what its absence costs.

The programs that send are processes with the package; the store is the stack's Jaeger, in a project of its own.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

from tests.support import apart, stack, traced
from tests.support.ports import free_port
from tests.support.traced import Traced
from tests.support.wait import eventually

PROJECT = "erp-traces-test"
OVERLAY = """
services:
  jaeger:
    labels: !reset null
    networks: !override [published, observability, monitoring]
    ports: ["127.0.0.1:${OTLP_PORT}:4318", "127.0.0.1:${QUERY_PORT}:16686"]
"""
FULL = "volumes: {jaeger-data: {driver_opts: {type: tmpfs, device: tmpfs, o: 'size=6m,mode=1777'}}}"
DECISION_SECONDS = 30  # decision_wait in jaeger/jaeger.yml
HOUR = 3600.0
HELD_UP = 1.0  # seconds: what the store may never cost a request, on a busy machine too
pytestmark = pytest.mark.timeout(240)


class Store:
    def __init__(self, project: apart.Apart, ports: dict[str, str]) -> None:
        self.project = project
        host = stack.loaded_settings().host
        self.endpoint = f"http://{host}:{ports['OTLP_PORT']}"
        self._api = f"http://{host}:{ports['QUERY_PORT']}/jaeger/api"

    def spans(self, trace: str) -> dict[str, dict[str, Any]]:
        """The tags of a trace's spans by their names, those of their process among them."""
        answer = requests.get(f"{self._api}/traces/{trace}", timeout=10)
        if answer.status_code == 404:
            return {}
        (found,) = answer.json()["data"]
        processes = {
            name: [{"key": "service", "value": each["serviceName"]}, *each["tags"]]
            for name, each in found["processes"].items()
        }
        return {
            span["operationName"]: {tag["key"]: tag["value"] for tag in [*span["tags"], *processes[span["processID"]]]}
            for span in found["spans"]
        }

    def push(self, service: str, started: float) -> str:
        """The trace of one span that failed and began then (Unix seconds), by the clock of who sends it."""
        trace, begun = secrets.token_hex(16), round(started * 1000) * 10**6
        times = {"startTimeUnixNano": str(begun), "endTimeUnixNano": str(begun + 10**6)}
        tags = [{"key": "sampling_decision", "value": {"stringValue": "error"}}]
        span = {"traceId": trace, "spanId": secrets.token_hex(8), "name": "GET orders", "attributes": tags, **times}
        named = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
        body = {"resourceSpans": [{"resource": named, "scopeSpans": [{"spans": [span]}]}]}
        requests.post(f"{self.endpoint}/v1/traces", json=body, timeout=10).raise_for_status()
        return trace

    def search(self, service: str, *between: float, **tags: str) -> set[str]:
        """The traces of a service until now, or between two times in Unix seconds."""
        wanted = f"service={service}&tags={quote(json.dumps(tags))}&limit=100"
        for name, at in zip(("start", "end"), between, strict=False):
            wanted += f"&{name}={round(at * 10**6)}"
        found = requests.get(f"{self._api}/traces?{wanted}", timeout=10).json()["data"] or []
        return {each["traceID"] for each in found}


@contextmanager
def running(more: str = "", **settings: str) -> Iterator[Store]:
    ports = {name: str(free_port()) for name in ("OTLP_PORT", "QUERY_PORT")}
    with apart.running(PROJECT, OVERLAY + more, "jaeger", ports={**ports, "TRACING": "on", **settings}) as project:
        yield Store(project, ports)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    with running() as found:
        yield found


@pytest.fixture
def web(store: Store, tmp_path: Path) -> Iterator[Traced]:
    with traced.running(tmp_path / "web", store.endpoint, "web", TRACE_SLOW_SECONDS="0.3") as program:
        yield program


@pytest.fixture
def worker(store: Store, tmp_path: Path) -> Iterator[Traced]:
    with traced.running(tmp_path / "worker", store.endpoint, "worker") as program:
        yield program


def test_what_failed_or_was_slow_is_stored_whole_over_its_processes_and_nothing_else(
    store: Store, web: Traced, worker: Traced
) -> None:
    cases = {
        "fine": (web.request(), "succeeded"),
        "slow": (web.request(seconds=0.4), "succeeded"),
        "failed": (web.request(status=500), "succeeded"),
        "its task failed": (web.request(), "failed"),
    }
    for request, outcome in cases.values():
        worker.task(request["message"], outcome)
    assert (web.flush(), worker.flush()) == ({}, {})

    def stored() -> dict[str, dict[str, str]]:
        found = {name: store.spans(request["trace"]) for name, (request, _) in cases.items()}
        return {
            name: {span: tags["sampling_decision"] for span, tags in spans.items()} for name, spans in found.items()
        }

    def wanted(of_request: str, of_task: str) -> dict[str, str]:
        return dict.fromkeys(("GET orders", "SELECT", "send ship"), of_request) | {"process ship": of_task}

    eventually(
        stored,
        "three whole traces and nothing of the fourth",
        DECISION_SECONDS + 30,
        until={
            "fine": {},
            "slow": wanted("slow", "undecided"),
            "failed": wanted("error", "undecided"),
            "its task failed": wanted("undecided", "error"),
        }.__eq__,
    )


def test_a_stored_span_says_whose_it_is_and_is_found_by_its_request_and_view(store: Store, web: Traced) -> None:
    trace = web.request(status=500, request_id="request-17")["trace"]
    assert web.flush() == {}
    tags = eventually(lambda: store.spans(trace), "the trace", 5)["GET orders"]
    said = {
        **{"service": "web", "service.namespace": "shop", "deployment.environment.name": "test", "view": "orders"},
        **{"request_id": "request-17", "user.id": "7", "organization.id": "3", "sampling_decision": "error"},
    }
    assert said.items() <= tags.items()
    assert store.search("web", request_id="request-17") == {trace}
    by_view = {"view": "orders", "service.namespace": "shop", "deployment.environment.name": "test"}
    assert trace in store.search("web", **by_view)


@pytest.mark.parametrize("skew", [HOUR, -HOUR], ids=["ahead", "behind"])
def test_a_span_of_a_clock_an_hour_off_is_found_by_its_trace_and_at_its_own_time(store: Store, skew: float) -> None:
    service = f"skewed-{secrets.token_hex(4)}"
    at = time.time() + skew
    trace = store.push(service, at)
    eventually(lambda: store.spans(trace), "the trace", 5)
    assert store.search(service, at - 1, at + 1) == {trace}
    assert store.search(service, at - skew - 1, at - skew + 1) == set()


def test_a_kill_loses_nothing_that_the_store_has_confirmed(store: Store, web: Traced) -> None:
    container = store.project.compose("ps", "--quiet", "jaeger").strip()
    asked = [web.request(status=500)["trace"] for _ in range(100)]
    assert web.flush() == {}
    stack.run("docker", "kill", "--signal", "KILL", container)  # at once: Compose takes seconds to begin
    store.project.compose("up", "--detach", "--wait", "jaeger")
    assert [trace for trace in asked if not store.spans(trace)] == []


def test_a_store_whose_log_is_damaged_starts_with_what_came_before_and_stores_what_comes(
    store: Store, web: Traced
) -> None:
    container = store.project.compose("ps", "--quiet", "jaeger").strip()
    asked = [web.request(status=500)["trace"] for _ in range(20)]
    assert web.flush() == {}
    stack.run("docker", "kill", "--signal", "KILL", container)
    mounts = stack.run("docker", "inspect", "--format", "{{range .Mounts}}{{.Source}} {{end}}", container).split()
    (log,) = [path for mount in mounts for path in Path(mount).glob("keys/*.mem")]
    written = len(log.read_bytes().rstrip(b"\0"))
    with log.open("r+b") as file:
        file.seek(written // 2)
        file.write(b"\xff" * 64)
    store.project.compose("up", "--detach", "--wait", "jaeger")
    found = [bool(store.spans(trace)) for trace in asked]
    assert found[0]
    assert found == sorted(found, reverse=True)
    trace = web.request(status=500)["trace"]
    assert web.flush() == {}
    assert store.spans(trace)


@pytest.mark.parametrize(
    ("ill", "well"),
    [
        pytest.param(("stop", "--timeout", "5"), ("start",), id="gone"),
        pytest.param(("kill", "--signal", "STOP"), ("kill", "--signal", "CONT"), id="slow"),
    ],
)
def test_a_store_that_is_ill_holds_no_request_up_and_what_it_misses_is_counted(
    store: Store, web: Traced, ill: tuple[str, ...], well: tuple[str, ...]
) -> None:
    store.project.compose(*ill, "jaeger")
    try:
        assert max(web.request(status=500)["seconds"] for _ in range(200)) < HELD_UP
        lost = eventually(web.flush, "the losses", 60)
        assert lost == {"export_failed": 600.0}
    finally:
        store.project.compose(*well, "jaeger")
    eventually(lambda: store.project.health("jaeger"), "the store to be healthy", 60, until="healthy".__eq__)
    trace = web.request(status=500)["trace"]
    assert web.flush() == lost
    assert store.spans(trace)


def test_a_store_whose_disk_is_full_holds_no_request_up_and_what_it_misses_is_counted(tmp_path: Path) -> None:
    with running(FULL) as store, traced.running(tmp_path / "web", store.endpoint, "web") as web:

        def fill() -> dict[str, float]:
            assert max(web.request(status=500, pad=7000)["seconds"] for _ in range(100)) < HELD_UP
            return web.flush()

        eventually(fill, "losses", 90, interval=0)


def test_a_store_at_its_size_refuses_spans_and_can_be_read_until_there_is_room_again(tmp_path: Path) -> None:
    with (
        running(TRACES_RETENTION_SIZE="100MB") as store,
        traced.running(tmp_path / "web", store.endpoint, "web") as web,
    ):

        def execute(script: str) -> str:
            return store.project.compose("exec", "-T", "jaeger", "sh", "-c", script)

        def fails() -> str:
            return str(web.request(status=500)["trace"])

        kept = fails()
        assert web.flush() == {}
        execute("head -c 100000000 /dev/zero > /tmp/ballast")
        eventually(lambda: fails() and web.flush(), "spans to be refused", 60)
        eventually(lambda: store.project.health("jaeger"), "the store to be healthy", 60, until="healthy".__eq__)
        assert store.spans(kept)
        execute("rm /tmp/ballast")

        def stored() -> dict[str, dict[str, Any]]:
            trace = fails()
            web.flush()
            return store.spans(trace)

        eventually(stored, "spans to be stored again", 60)
        assert store.spans(kept)
