"""What the keeper answers: /metrics for Prometheus, /positions for Promtail's start, /livez for the engine."""

from __future__ import annotations

import http.server
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from logkeeper.account import Account
from logkeeper.engine import NANOSECONDS, Engine, Key
from logkeeper.hosts import Hosts
from logkeeper.loki import Loki, LokiError
from logkeeper.size import Store
from logkeeper.watch import Watch

PORT = 9105
TOO_LONG = 300.0  # seconds without a whole round


class Keeper(Protocol):
    last_round: float
    """When everything was last looked at, in seconds."""

    def page(self, path: str) -> str | None:
        """None where there is no such page; raises LokiError and OSError."""


@dataclass
class State:
    engine: Engine
    loki: Loki
    watch: Watch
    account: Account
    hosts: Hosts
    store: Store | None
    traces_cap: int
    """Bytes; Jaeger has no metric of it."""
    last_round: float

    def page(self, path: str) -> str | None:
        pages = {"/metrics": self.metrics, "/positions": self.positions}
        return pages[path]() if path in pages else None

    def metrics(self) -> str:
        now = time.time_ns()
        others = dict(self.hosts.by_name)
        accounts = {"": self.account} | {name: each.account for name, each in others.items()}
        written = {name: each.written for name, each in accounts.items()}
        confirmed = {name: each.confirmed for name, each in accounts.items()}
        missing = {name: everybody(each, each.missing(now)) for name, each in accounts.items()}
        surplus = {name: everybody(each, each.surplus(now)) for name, each in accounts.items()}
        behind = {"": self.account.waiting_seconds(now)}
        behind |= {name: each.behind_seconds(now) for name, each in others.items()}
        return exposition(
            by_key("log_lines_written_total", "counter", "Lines in Docker's files, as far as judged.", written),
            by_key("log_lines_stored_total", "counter", "Lines of these that Loki has.", confirmed),
            by_key("log_lines_missing", "gauge", "Lines not in Loki, judged in the last hour.", missing),
            by_key("log_lines_surplus", "gauge", "Lines of the last hour that Loki has twice.", surplus),
            family(
                "log_account_behind_seconds",
                "gauge",
                "Age of the oldest lines that aren't judged yet.",
                ((of_host(name), seconds) for name, seconds in behind.items()),
            ),
            unread({"": self.watch.unread} | {name: each.unread for name, each in others.items()}),
            plain("trace_store_cap_bytes", "gauge", "What Jaeger may have, TRACES_RETENTION_SIZE.", self.traces_cap),
            *(of_store(self.store) if self.store else ()),
            of_rounds(self.last_round),
        )

    def positions(self) -> str:
        """For each container that runs the second of the newest line that Loki has of it, so that all before are there.

        Of a service with several containers the newest line is one of them's, and says nothing of the others.
        """
        now = time.time_ns()
        running = self.engine.containers()
        times = Counter(each.key for each in running)
        rows = {each.id: self.loki.newest(each.key, now) for each in running if times[each.key] == 1}
        return "".join(f"{name} {newest // NANOSECONDS}\n" for name, newest in rows.items() if newest)


def of_store(store: Store) -> tuple[Iterator[str], ...]:
    return (
        plain("log_store_bytes", "gauge", "What Loki has on its disk.", store.size),
        plain("log_store_cap_bytes", "gauge", "What it may have, LOGS_RETENTION_SIZE.", store.cap),
        plain(
            "log_store_given_up_until_timestamp_seconds",
            "gauge",
            "What was written before then was deleted for its size; 0: nothing.",
            store.given_up_until,
        ),
    )


def everybody(account: Account, counts: Counter[Key]) -> Counter[Key]:
    """With a 0 for whoever has none."""
    return Counter({key: counts[key] for key in {*account.written, *counts}})


def exposition(*families: Iterable[str]) -> str:
    """In Prometheus' text format."""
    return "".join(f"{line}\n" for each in families for line in each)


def family(name: str, kind: str, meaning: str, rows: Iterable[tuple[Mapping[str, str], float]]) -> Iterator[str]:
    yield from (f"# HELP {name} {meaning}", f"# TYPE {name} {kind}")
    for labels, value in rows:
        pairs = ",".join(f'{label}="{text}"' for label, text in labels.items())
        yield f"{name}{{{pairs}}} {value}" if pairs else f"{name} {value}"


def plain(name: str, kind: str, meaning: str, value: float) -> Iterator[str]:
    return family(name, kind, meaning, [({}, value)])


def by_key(name: str, kind: str, meaning: str, values: Mapping[str, Counter[Key]]) -> Iterator[str]:
    """`values` by host; empty: this one."""
    rows = (
        ({"application": application, "env": env, "service": service} | of_host(host), number)
        for host, counts in values.items()
        for (application, env, service), number in sorted(counts.items())
    )
    return family(name, kind, meaning, rows)


def unread(counts: Mapping[str, Counter[str]]) -> Iterator[str]:
    """By host and reason."""
    meaning = "Times that lines were gone, or what a host tells of them, before they were counted."
    rows = ((of_host(host) | {"reason": why}, times) for host, each in counts.items() for why, times in each.items())
    return family("log_account_unread_total", "counter", meaning, rows)


def of_rounds(last: float) -> Iterator[str]:
    return plain("log_keeper_last_round_timestamp_seconds", "gauge", "When all of this was last looked at.", last)


def of_host(name: str) -> dict[str, str]:
    return {"host": name} if name else {}


def handler(keeper: Keeper) -> type[http.server.BaseHTTPRequestHandler]:
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                if self.path == "/livez":
                    alive = time.time() - keeper.last_round < TOO_LONG
                    self.answer(HTTPStatus.OK if alive else HTTPStatus.SERVICE_UNAVAILABLE, "")
                elif (text := keeper.page(self.path)) is not None:
                    self.answer(HTTPStatus.OK, text)
                else:
                    self.answer(HTTPStatus.NOT_FOUND, "Expected /metrics, /livez or, beside Loki, /positions.\n")
            except (LokiError, OSError) as error:
                self.answer(HTTPStatus.SERVICE_UNAVAILABLE, f"{error}\n")

        def answer(self, status: HTTPStatus, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """A line for every scrape would bury the others."""

    return Page
