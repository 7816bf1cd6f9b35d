"""Loki, Promtail and the keeper as a Compose project of their own, and containers that write numbered lines."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import requests

from ops import image_source
from ops.commands import current
from tests.support import apart, stack
from tests.support.erp import sum_samples
from tests.support.ports import free_port
from tests.support.wait import eventually

PROJECT = "erp-lines-test"
SERVICES = ("logkeeper", "loki", "promtail", "socket-proxy")
PORTS = ("LOKI_PORT", "KEEPER_PORT")
OVERLAY = """
services:
  logkeeper:
    networks: [published, docker-api, monitoring]
    ports: ["127.0.0.1:${KEEPER_PORT}:9105"]
"""
PAGE = 5000
OF_THIS_HOST = 'host=""'
WIDTH = 435  # of a line, in bytes
# As fast as asked for, in bursts of a twentieth of a second; its lines tell their number.
WRITER = """
import json, os, sys, threading, time
rate, seconds, name = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
line = json.dumps({"level": "INFO", "logger": "writer", "message": "x", "request_id": "0" * 32, "run": name, "n": 0})
pad = "x" * (int(sys.argv[4]) - len(line) - 7)
head = json.dumps({"level": "INFO", "logger": "writer", "message": pad, "request_id": "0" * 32, "run": name})[:-1]
total, sent, begun = int(rate * seconds), 0, time.monotonic()
while sent < total:
    due = min(total, int((time.monotonic() - begun + 0.05) * rate))
    if due > sent:
        sys.stdout.write("".join(f'{head}, "n": {n}}}\\n' for n in range(sent, due)))
        sys.stdout.flush()
        sent = due
    threading.Event().wait(max(0, begun + sent / rate - time.monotonic()))
"""


@dataclass(frozen=True)
class Counted:
    """Of the lines of a run: how many different ones there are, and how many beyond one of each."""

    found: int
    twice: int


class Lines:
    def __init__(self, project: apart.Apart, settings: dict[str, str]) -> None:
        self.project = project
        self._settings = settings
        host = stack.loaded_settings().host
        self.loki = f"http://{host}:{settings['LOKI_PORT']}"
        self._keeper = f"http://{host}:{settings['KEEPER_PORT']}"

    def container(self, service: str) -> str:
        return self.project.compose("ps", "--all", "--quiet", service).strip()

    def kill(self, service: str, signal: str = "KILL") -> None:
        """At once: Compose takes seconds to begin. The engine doesn't start again what it has killed itself."""
        stack.run("docker", "kill", "--signal", signal, self.container(service))

    def start(self, service: str) -> None:
        stack.run("docker", "start", self.container(service))

    def counted(self, run: str, since: float, written: int, within: float = 120, more: str = OF_THIS_HOST) -> Counted:
        """The lines of one run that were written since then, once the last one is there.

        `more` is what else their labels have to be.
        """
        self.wait_for(run, since, written, within, more)
        numbers = self._numbers(query(run, more), since)
        return Counted(len(numbers), numbers.total() - len(numbers))

    def wait_for(self, run: str, since: float, written: int, within: float, more: str = OF_THIS_HOST) -> None:
        """Until the last line of a run is in Loki, or AssertionError."""
        eventually(
            lambda: self._page(query(run, more), int(since * 1e9), "backward", 1)[0],
            f"the last of {written} lines of {run}",
            within,
            until=lambda line: line[1] == written - 1,
            interval=1,
        )

    def _numbers(self, of: str, since: float) -> Counter[int]:
        """How often each number is there."""
        found: Counter[int] = Counter()
        start = int(since * 1e9)
        while page := self._page(of, start, "forward", PAGE):
            # Of the last nanosecond of a full page there may be more.
            last = page[-1][0] + (len(page) < PAGE)
            found.update(number for at, number in page if at < last)
            if len(page) < PAGE:
                break
            start = last
        return found

    def texts(self, run: str, since: float) -> list[str]:
        """The lines of one run as they are in Loki, in the order of time."""
        return [text for _, text in self._rows(query(run, OF_THIS_HOST), int(since * 1e9), "forward", PAGE)]

    def _page(self, of: str, start: int, direction: str, limit: int) -> list[tuple[int, int]]:
        """Time in nanoseconds and number of lines, in the order of time."""
        return [(at, int(json.loads(text)["n"])) for at, text in self._rows(of, start, direction, limit)]

    def _rows(self, of: str, start: int, direction: str, limit: int) -> list[tuple[int, str]]:
        window = {"start": str(start), "end": str(time.time_ns()), "direction": direction, "limit": str(limit)}
        answer = requests.get(f"{self.loki}/loki/api/v1/query_range", params={"query": of, **window}, timeout=120)
        answer.raise_for_status()
        rows = [value for stream in answer.json()["data"]["result"] for value in stream["values"]]
        return sorted((int(at), text) for at, text in rows)

    def metric(self, name: str, **labels: str) -> float:
        """Of the keeper."""
        return sum_samples(requests.get(f"{self._keeper}/metrics", timeout=10).text, name, labels)

    def audit(self, begin: str, service: str) -> tuple[int, list[str]]:
        """The exit status of `make log-audit`, and what it says of a service: written, missing, doubled, unknown."""
        done = subprocess.run(
            [sys.executable, "-m", "ops", "log-audit", begin, "0s", service],
            cwd=stack.ROOT,
            env={**os.environ, **self._settings},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        rows = [line.split() for line in done.stdout.splitlines() if f"/{service} " in line]
        assert len(rows) == 1, done.stdout + done.stderr
        return done.returncode, rows[0][1:]


def query(run: str, labels: str) -> str:
    return f'{{application="lines",{labels}}} |= `"run": "{run}"`'


@contextmanager
def running(more: str = "") -> Iterator[Lines]:
    ports = {name: str(free_port()) for name in PORTS}
    settings = {**ports, "PROJECT": PROJECT, "PORT_OFFSET": "0"}
    with apart.running(PROJECT, OVERLAY + more, *SERVICES, ports=settings) as project:
        yield Lines(project, settings)


@contextmanager
def writer(service: str, size: str = "100m", files: int = 2, **more: str) -> Iterator[str]:
    """A container that Promtail collects and that writes nothing by itself; `size` and `files` are its log's.

    `more` are labels in place of those of this project's.
    """
    labels = {"application": "lines", "env": "test", "service": service, "stack": PROJECT, **more}
    words = [f"--label=observability.{name}={value}" for name, value in labels.items()]
    image = image_source.python(current())
    logging = ("--log-driver=json-file", f"--log-opt=max-size={size}", f"--log-opt=max-file={files}")
    name = stack.run(
        *("docker", "run", "--detach", "--init", "--network=none", "--user=65534:65534", *words, *logging, image),
        *("sleep", "infinity"),
    ).strip()
    try:
        yield name
    finally:
        stack.run("docker", "rm", "--force", name)


def write(container: str, run: str, rate: int, seconds: float) -> int:
    """Have a container write to its own log, and wait for the end; returns how many lines."""
    program = ("python3", "-c", WRITER, str(rate), str(seconds), run, str(WIDTH))
    command = f"exec {shlex.join(program)} > /proc/1/fd/1"
    stack.run("docker", "exec", container, "sh", "-c", command, timeout=seconds * 4 + 120)
    return int(rate * seconds)
