"""How long /metrics takes and how large it is: after many requests, and after many workers have died."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from statistics import median
from time import perf_counter

from ops.console import step
from tests.bench.overhead.place import Place
from tests.bench.overhead.processes import Server, gunicorn, started
from tests.bench.overhead.variants import OURS, SERVICE, USUAL
from tests.support.wait import eventually

WORKERS = 4
REQUESTS = 10_000
DEATHS = 100
SCRAPES = 50
ROUTES = 20
# 1 in 20 fails and 1 in 20 leads nowhere; each route gets each of them.
STATUSES = ("200",) * 16 + ("201", "302", "404", "500")
MIX = [("POST" if status == "201" else "GET", f"/page/{route}/{status}") for status in STATUSES for route in range(20)]
TOKEN = f"Bearer {SERVICE['METRICS_TOKEN']}"


@dataclass(frozen=True)
class Page:
    median_ms: float
    max_ms: float
    kilobytes: float
    series: int
    files: int


def measure(place: Place) -> dict[str, dict[str, Page]]:
    """By variant and moment; the two variants take turns."""
    with started((USUAL, OURS), partial(gunicorn, place, workers=WORKERS)) as servers:
        for name, server in servers.items():
            with step(f"{REQUESTS} requests to 4 workers: {name}"):
                _load(server)
        pages = {name: {"after the requests": scrape(server)} for name, server in servers.items()}
        with step(f"{DEATHS} deaths of workers"):
            for _ in range(DEATHS):
                _replace_workers(list(servers.values()))
        for name, server in servers.items():
            pages[name]["after the deaths"] = scrape(server)
    return pages


def scrape(server: Server) -> Page:
    seconds, body = [], b""
    for _ in range(SCRAPES):
        started = perf_counter()
        status, body = server.get("/metrics", Authorization=TOKEN)
        seconds.append(perf_counter() - started)
        assert status == 200, f"/metrics answered {status}, expected 200."
    return Page(
        median_ms=round(1000 * median(seconds), 1),
        max_ms=round(1000 * max(seconds), 1),
        kilobytes=round(len(body) / 1000, 1),
        series=sum(not line.startswith(b"#") for line in body.splitlines()),
        files=len(list(server.metrics.rglob("*.db"))),
    )


def _load(server: Server) -> None:
    def ask(given: tuple[str, str]) -> None:
        method, path = given
        status, _ = server.get(path, method)
        assert path.endswith(f"/{status}"), f"{path} answered {status}."

    with ThreadPoolExecutor(WORKERS) as clients:
        list(clients.map(ask, islice(cycle(MIX), REQUESTS)))


def _replace_workers(servers: list[Server]) -> None:
    """Kill the oldest worker of each and wait until its successor has answered requests."""
    before = [server.workers() for server in servers]
    for server, workers in zip(servers, before, strict=True):
        server.kill(min(workers))
    for server, workers in zip(servers, before, strict=True):
        answers = cycle(MIX[:ROUTES])

        def successor_answers(
            server: Server = server, known: set[int] = workers, mix: cycle[tuple[str, str]] = answers
        ) -> bool:
            seen = {int(server.get(path)[1]) for _, path in islice(mix, WORKERS)}
            return bool(seen - known)

        eventually(successor_answers, "the killed worker's successor to answer", 30, interval=0.1)
