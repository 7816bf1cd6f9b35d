"""A variant as a process: in a loop without a server, under gunicorn, or under uvicorn."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from time import clock_gettime, perf_counter
from typing import TypeVar

import requests

from tests.bench.overhead.place import Place
from tests.bench.overhead.rounds import Sample
from tests.bench.overhead.variants import Variant
from tests.support.ports import free_port
from tests.support.wait import eventually

Running = TypeVar("Running")
STOP_SECONDS = 40
SLOWEST = 0.01
CPUCLOCK_SCHED = 2
"""What clock_getcpuclockid(3) puts into the id of a process's clock."""
HOOKS = {"usual": "usual_gunicorn.py", "ours": "ours_gunicorn.py"}
"""gunicorn's configuration by the module of the settings; bare Django has none."""


class Loop:
    """A process that calls the application whenever it is told to."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def run(self, view: str, number: int) -> Sample:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"/{view} {number}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, f"The loop ended with {self.process.wait(STOP_SECONDS)}; its standard error says why."
        return Sample(**json.loads(answer))


@contextmanager
def loop(place: Place, variant: Variant) -> Iterator[Loop]:
    variables = {**place.variables(variant), "LINES": str(place.lines(variant, "loop"))}
    command = [place.program("python"), "loop.py"]
    with subprocess.Popen(
        command, cwd=place.project, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Loop(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            _end(process)


class Server:
    """gunicorn or uvicorn on a port of its own."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, metrics: Path) -> None:
        self.process = process
        self.port = port
        self.metrics = metrics

    def get(self, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes]:
        """Status and body, by a connection of its own: a sync worker keeps none open."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, headers=headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def workers(self) -> set[int]:
        master = self.process.pid
        return {int(pid) for pid in Path(f"/proc/{master}/task/{master}/children").read_text("ascii").split()}

    def cpu_seconds(self) -> float:
        """Processor time of all workers in nanoseconds' precision, with that of threads that have ended."""
        serving = self.workers() or {self.process.pid}
        return sum(clock_gettime((~pid << 3) | CPUCLOCK_SCHED) for pid in serving)

    def run(self, view: str, number: int) -> Sample:
        busy = self.cpu_seconds()
        seconds = sorted(self._timed(f"/{view}") for _ in range(number))
        busy = self.cpu_seconds() - busy
        kept = seconds[: number - int(number * SLOWEST)]
        return Sample(wall_ms=1000 * sum(kept) / len(kept), cpu_ms=1000 * busy / number)

    def _timed(self, path: str) -> float:
        started = perf_counter()
        status, _ = self.get(path)
        assert status == 200, f"{path} answered {status}, expected 200."
        return perf_counter() - started

    def kill(self, worker: int) -> None:
        assert worker in self.workers(), f"{worker} is no worker of this gunicorn."
        os.kill(worker, signal.SIGKILL)


def gunicorn(place: Place, variant: Variant, workers: int) -> AbstractContextManager[Server]:
    hooks = HOOKS.get(variant.settings)
    options = ["--no-control-socket", "-w", str(workers), *(["-c", hooks] if hooks else [])]
    return _serve(place, variant, workers, "gunicorn", *options, "-b", "127.0.0.1:{port}", variant.wsgi)


def uvicorn(place: Place, variant: Variant) -> AbstractContextManager[Server]:
    """One process without children, by its defaults."""
    return _serve(place, variant, 0, "uvicorn", "--port", "{port}", "plain.asgi:application", ASGI="yes")


@contextmanager
def _serve(place: Place, variant: Variant, workers: int, *command: str, **more: str) -> Iterator[Server]:
    """A server with so many workers; `{port}` in its command is a free one."""
    port, kind = free_port(), f"{command[0]}-{workers}"
    metrics = place.folder / f"metrics-{variant.folder}-{kind}"
    metrics.mkdir()
    with (
        place.lines(variant, kind).open("wb") as lines,
        subprocess.Popen(
            [place.program(command[0]), *(part.format(port=port) for part in command[1:])],
            cwd=place.project,
            env={**place.variables(variant), "PROMETHEUS_MULTIPROC_DIR": str(metrics), **more},
            stdout=lines,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        server = Server(process, port, metrics)
        try:
            url = f"http://127.0.0.1:{port}/noop"
            wanted = f"{variant.name} to answer under {kind}; its lines are in {lines.name}"
            eventually(lambda: requests.get(url, timeout=5).ok and len(server.workers()) == workers, wanted, 60)
            yield server
        finally:
            process.terminate()
            _end(process)


def _end(process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    try:
        process.wait(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(timeout=STOP_SECONDS)


@contextmanager
def started(
    variants: tuple[Variant, ...], start: Callable[[Variant], AbstractContextManager[Running]]
) -> Iterator[dict[str, Running]]:
    """Each variant's process, by the variant's name."""
    with ExitStack() as running:
        yield {each.name: running.enter_context(start(each)) for each in variants}
