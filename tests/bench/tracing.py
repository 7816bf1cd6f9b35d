"""`make bench BENCH=tracing`: what traces cost the sample's requests, in time and memory, with and without in one run.

Two erp-web of one worker each, in a project of their own with the stores, the partner, the worker and Jaeger: one sends
spans, as in the sandbox, one has tracing off. Blocks of requests take turns. Deletes nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from ops.console import say, step
from tests.bench.stack import UNITS, record
from tests.support import apart, stack
from tests.support.erp import Erp
from tests.support.ports import free_port

PROJECT = "erp-tracing-bench"
SERVICES = ("erp-web", "erp-worker", "partner", "jaeger")
OVERLAY = "services:\n" + "".join(
    f"  {name}: {{labels: !reset null}}\n" for name in (*SERVICES, "erp-migrate", "erp-db", "erp-redis")
)
BLOCK = {"products": 30, "orders": 30, "place an order": 10}
"""Requests of each kind that one erp-web answers in a round."""
# By version 1 of the kernel's control groups, in nanoseconds, or by version 2, in microseconds.
USAGE = r"""cat /sys/fs/cgroup/cpuacct/cpuacct.usage 2>/dev/null ||
sed -n 's/^usage_usec \(.*\)/\1000/p' /sys/fs/cgroup/cpu.stat"""
ORDER = {"card_token": "tok_ok", "lines": [{"product": "SKU-0001", "quantity": 1}]}


@dataclass
class Web:
    """An erp-web, and for each kind of request what each block took: ms by the clock and of processor time."""

    erp: Erp
    container: str
    wall: dict[str, list[float]] = field(default_factory=dict)
    busy: dict[str, list[float]] = field(default_factory=dict)

    def run(self, kind: str, *, kept: bool = True) -> None:
        ask, number = self._requests()[kind], BLOCK[kind]
        busy, began = self._busy_ms(), time.perf_counter()
        for _ in range(number):
            status = ask()
            assert status in (200, 201), f"{kind} was answered with {status}, expected 200 or 201."
        wall, busy = 1000 * (time.perf_counter() - began), self._busy_ms() - busy
        if kept:
            self.wall.setdefault(kind, []).append(wall / number)
            self.busy.setdefault(kind, []).append(busy / number)

    def _requests(self) -> dict[str, Callable[[], int]]:
        return {
            "products": lambda: self.erp.send("GET", "/api/products").status_code,
            "orders": lambda: self.erp.send("GET", "/api/orders").status_code,
            "place an order": lambda: self.erp.send("POST", "/api/orders", json=ORDER).status_code,
        }

    def _busy_ms(self) -> float:
        """Of all its processes, the thread that sends spans among them."""
        return int(stack.run("docker", "exec", self.container, "sh", "-c", USAGE)) / 1e6

    def figures(self) -> dict[str, dict[str, float]]:
        return {
            kind: {
                "wall_ms": round(min(self.wall[kind]), 2),
                "wall_ms_median": round(median(self.wall[kind]), 2),
                "cpu_ms": round(min(self.busy[kind]), 2),
                "cpu_ms_median": round(median(self.busy[kind]), 2),
            }
            for kind in BLOCK
        }


def container_of(project: apart.Apart, service: str) -> str:
    return project.compose("ps", "--quiet", service).strip()


def mib(container: str) -> float:
    said = json.loads(stack.run("docker", "stats", "--no-stream", "--format", "json", container))["MemUsage"]
    number = said.split(" / ")[0]
    unit = next(unit for unit in ("KiB", "MiB", "GiB", "B") if number.endswith(unit))
    return round(float(number.removesuffix(unit)) * UNITS[unit], 1)


@contextmanager
def without_traces(project: apart.Apart) -> Iterator[Web]:
    port = free_port()
    options = ("--no-deps", "--detach", "--env", "OTEL_EXPORTER_OTLP_ENDPOINT=", "--publish", f"127.0.0.1:{port}:8000")
    container = project.compose("run", *options, "erp-web").strip().splitlines()[-1]
    try:
        yield Web(Erp(f"http://127.0.0.1:{port}"), container)
    finally:
        stack.run("docker", "rm", "--force", container)


def cost(traced: dict[str, Any], bare: dict[str, Any], kind: str, measure: str) -> float:
    """Percent of the request without traces."""
    return round(100 * (float(traced[kind][measure]) / float(bare[kind][measure]) - 1), 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=12)
    rounds: int = parser.parse_args().rounds
    ports = {"ERP_PORT": str(free_port()), "WEB_CONCURRENCY": "1", "WORKER_CONCURRENCY": "1", "TRACING": "on"}
    with apart.running(PROJECT, OVERLAY, *SERVICES, ports=ports) as project, without_traces(project) as bare:
        traced = Web(
            Erp(f"http://{stack.loaded_settings().host}:{ports['ERP_PORT']}"), container_of(project, "erp-web")
        )
        with step("Requests with and without traces"):
            for number in range(rounds + 1):  # the first warms up
                for web in (traced, bare) if number % 2 else (bare, traced):
                    for kind in BLOCK:
                        web.run(kind, kept=number > 0)
        memory = {
            "erp-web": mib(traced.container),
            "erp-web without traces": mib(bare.container),
            "jaeger": mib(container_of(project, "jaeger")),
        }
    with_traces, without = traced.figures(), bare.figures()
    measures = ("wall_ms", "wall_ms_median", "cpu_ms", "cpu_ms_median")
    percent = {kind: {each: cost(with_traces, without, kind, each) for each in measures} for kind in BLOCK}
    say(json.dumps({"percent": percent, "memory_mib": memory}, indent=1))
    figures = {"rounds": rounds, "requests_per_block": BLOCK, "with_traces": with_traces, "without_traces": without}
    record("tracing", {**figures, "cost_percent": percent, "memory_mib": memory})
    return 0


if __name__ == "__main__":
    sys.exit(main())
