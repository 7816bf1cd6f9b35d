"""The history of one machine is found with SCALE=on, and what came there is found on one machine again."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from pathlib import Path
from threading import Event

import pytest
import requests

from ops.settings import PORTS
from tests.faults.accounts import COUNTED
from tests.support import pushed
from tests.support.erp import Erp, Ids
from tests.support.loki import Loki
from tests.support.prometheus import Prometheus
from tests.support.pushed import Host
from tests.support.second_stack import SecondStack, left
from tests.support.wait import eventually, lasts

pytestmark = pytest.mark.timeout(3600)

PROJECT = "moved"
REQUESTS = 50
START_SECONDS = 900.0
BLOCK = "# HELP planted_days_ago A block that is joined with none.\n# TYPE planted_days_ago gauge\n"
UPLOADED = "sum(thanos_shipper_uploads_total)"
DAY = 86_400


@dataclass
class Past:
    """What was found once: answers by query and moment, and lines by request id."""

    values: dict[tuple[str, float], float] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)

    def extend(self, prefix: str) -> None:
        """Requests that are counted and have a line each; a web that was made anew counts from 0."""
        erp, ids = Erp(), Ids.fresh(prefix)
        for _ in range(REQUESTS):
            erp.version(ids)
        eventually(lambda: at(COUNTED, time.time()), "requests counted", 60, until=lambda now: now >= REQUESTS)
        lasts(15, "each Prometheus asks each web")
        moment = time.time()
        self.values[COUNTED, moment] = at(COUNTED, moment)
        self.lines[ids.request] = REQUESTS

    @contextmanager
    def extended_meanwhile(self) -> Iterator[None]:
        """A request a second, also while its web is made anew; those that are answered have a line each."""
        erp, ids, ended = Erp(), Ids.fresh("meanwhile"), Event()

        def ask() -> int:
            answered = 0
            while not ended.wait(1):
                with suppress(requests.RequestException):
                    answered += erp.version(ids).status_code == HTTPStatus.OK
            return answered

        with ThreadPoolExecutor(1) as one:
            answered = one.submit(ask)
            try:
                yield
            finally:
                ended.set()
        self.lines[ids.request] = answered.result()
        assert self.lines[ids.request] > 0

    def pushed_by(self, host: Host, value: float) -> None:
        """A sample of another host, through the gateway."""
        host.push(value, "moved")
        awaited(lambda: Prometheus().value(pushed.NAME), "what was pushed", value)
        self.values[pushed.NAME, time.time()] = value

    def is_whole(self) -> None:
        for request, expected in self.lines.items():
            awaited(partial(lines_of, request), f"lines of {request}", expected)
        for (query, moment), value in self.values.items():
            awaited(partial(at, query, moment), f"{query} at {moment}", value)


def lines_of(request: str) -> int:
    return len(Loki().entries(f'{{service="erp-web"}} |= "{request}" | json | logger="access"'))


def at(query: str, moment: float) -> float:
    found = Prometheus().get("query", query=query, time=moment)["result"]
    return sum(float(each["value"][1]) for each in found)


def awaited(found: Callable[[], float], description: str, expected: float) -> None:
    eventually(found, description, 120, until=lambda value: value == expected)


def planted_block(running: SecondStack) -> float:
    """A block of three days ago, and the moment of a sample in it."""
    moment = int(time.time() - 3 * DAY)
    running.plant_block(
        BLOCK + "".join(f"planted_days_ago 42 {moment + 15 * step}\n" for step in range(20)) + "# EOF\n"
    )
    return moment + 60.0


def test_history_is_whole_over_both_seams(tmp_path: Path) -> None:
    one = SecondStack(PROJECT=PROJECT, SAMPLE="on", GATEWAY="on")
    ports = {name: one.settings[name] for name in PORTS}
    scaled = SecondStack(PROJECT=PROJECT, SAMPLE="on", SCALE="on", GATEWAY="on", **ports)
    if left(PROJECT):
        scaled.make("clean", "CONFIRM=yes")
    past = Past()
    try:
        one.make("up", timeout=START_SECONDS)
        with one.in_place_of_the_first():
            past.extend("before")
            past.values["planted_days_ago", planted_block(one)] = 42
            host = Host.known_to(one, tmp_path)
            past.pushed_by(host, 6)
            past.is_whole()
            with past.extended_meanwhile():
                scaled.make("scale-out", timeout=START_SECONDS)
        with scaled.in_place_of_the_first():
            past.is_whole()
            awaited(lambda: float(Prometheus().value(UPLOADED) >= 1), "blocks uploaded", 1)
            past.extend("scaled")
            past.pushed_by(host, 7)
        scaled.make("scale-in", timeout=START_SECONDS)
        one.make("up", timeout=START_SECONDS)
        with one.in_place_of_the_first():
            past.is_whole()
            past.extend("after")
            past.is_whole()
    finally:
        scaled.make("clean", "CONFIRM=yes")
