"""The sample ERP while its trace store is gone, slow or full: it answers as usual, and what is lost is counted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import mode

import pytest
import requests

from tests.support import apart, stack
from tests.support.erp import Erp, Ids
from tests.support.ports import free_port
from tests.support.wait import eventually

PROJECT = "erp-traced-test"
OVERLAY = """
services:
  erp-db: {labels: !reset null}
  erp-redis: {labels: !reset null}
  erp-migrate: {labels: !reset null, networks: !override [erp]}
  # With the store's disk: it fills it, and the disk stays full when the store ends.
  partner: {labels: !reset null, networks: !override [erp], volumes: ["jaeger-data:/var/disk"]}
  # Its own health check asks database and Redis, which makes spans.
  erp-web:
    labels: !reset null
    networks: !override [erp, published]
    healthcheck: {test: [CMD, python, -m, django_instrumentation.probe, "http://127.0.0.1:8000/livez"]}
  jaeger:
    labels: !reset null
    networks: !override [erp, published]
    ports: ["127.0.0.1:${QUERY_PORT}:16686"]
volumes: {jaeger-data: {driver_opts: {type: tmpfs, device: tmpfs, o: 'size=32m,mode=1777'}}}
"""
# Every trace is to be kept, so that each one that isn't stored is a loss.
SETTINGS = {"TRACING": "on", "OTEL_TRACES_SAMPLER_ARG": "1"}
SERVICES = ("erp-web", "partner", "jaeger")
ORDERS = 60
HELD_UP = 1.0  # seconds: how much slower than the slowest order with a store that is well, on a busy machine too
CONNECTING = 3 * 16  # spans that orders have more, when each of erp-web's threads connects to the database anew
FILL = ("exec", "-T", "partner", "sh", "-c", "head -c 99M /dev/zero >/var/disk/filler; test -s /var/disk/filler")
EMPTY = ("exec", "-T", "partner", "rm", "/var/disk/filler")
pytestmark = pytest.mark.timeout(240)


@dataclass
class Answers:
    statuses: set[int]
    slowest: float
    traces: list[str]


class Sample:
    def __init__(self, project: apart.Apart, ports: dict[str, str]) -> None:
        host = stack.loaded_settings().host
        self.compose, self.health = project.compose, project.health
        self.erp = Erp(f"http://{host}:{ports['ERP_PORT']}")
        self._api = f"http://{host}:{ports['QUERY_PORT']}/jaeger/api"

    def order(self, number: int = ORDERS) -> Answers:
        """One order after the other; each writes to the database, calls the payment API and sends two tasks."""
        found = Answers(set(), 0.0, [])
        for ids in [Ids.fresh("traced") for _ in range(number)]:
            began = time.perf_counter()
            found.statuses.add(self.erp.place_order(ids).status_code)
            found.slowest = max(found.slowest, time.perf_counter() - began)
            found.traces.append(ids.trace)
        return found

    def spans(self, trace: str) -> int:
        """How many of the trace are stored."""
        answer = requests.get(f"{self._api}/traces/{trace}", timeout=10)
        return len(answer.json()["data"][0]["spans"]) if answer.ok else 0

    def lost(self) -> float:
        return self.erp.counter("spans_dropped_total")


@dataclass
class Usual:
    """With a store that is well."""

    slowest: float
    spans: int  # of an order, in erp-web


@pytest.fixture(scope="module")
def sample() -> Iterator[Sample]:
    ports = {name: str(free_port()) for name in ("ERP_PORT", "QUERY_PORT")}
    with apart.running(PROJECT, OVERLAY, *SERVICES, ports=ports | SETTINGS) as project:
        yield Sample(project, ports)


@pytest.fixture(scope="module")
def usual(sample: Sample) -> Usual:
    sample.order()  # the first ones connect to the stores
    answers = sample.order()
    assert answers.statuses == {201}
    stored = eventually(
        lambda: [sample.spans(trace) for trace in answers.traces],
        "all spans of all orders in the store",
        30,
        until=lambda seen: min(seen) == mode(seen) > 0,
    )
    assert sample.lost() == 0
    return Usual(answers.slowest, mode(stored))


@pytest.mark.parametrize(
    ("ill", "well"),
    [
        pytest.param(FILL, EMPTY, id="full"),
        pytest.param(("stop", "--timeout", "5", "jaeger"), ("start", "jaeger"), id="gone"),
        pytest.param(("kill", "--signal", "STOP", "jaeger"), ("kill", "--signal", "CONT", "jaeger"), id="slow"),
    ],
)
def test_users_notice_nothing_of_a_store_that_is_ill_and_what_it_misses_is_counted(
    sample: Sample, usual: Usual, ill: tuple[str, ...], well: tuple[str, ...]
) -> None:
    before, made = sample.lost(), ORDERS * usual.spans
    sample.compose(*ill)
    try:
        answers = sample.order()
        eventually(lambda: sample.lost() - before, f"{made} losses", 90, until=lambda lost: lost >= made)
    finally:
        sample.compose(*well)
    assert answers.statuses == {201}
    assert answers.slowest < usual.slowest + HELD_UP
    eventually(lambda: sample.health("jaeger"), "the store to be well by itself", 90, until="healthy".__eq__)
    (trace,) = sample.order(1).traces
    eventually(lambda: sample.spans(trace), "a later order in the store", 30)
    assert made <= sample.lost() - before <= made + CONNECTING
