"""What the keeper answers: /metrics for Prometheus, /positions for Promtail's start, /livez for the engine."""

from __future__ import annotations

import http.server
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus

from logkeeper.account import Account
from logkeeper.engine import NANOSECONDS, Engine, Key
from logkeeper.loki import Loki, LokiError
from logkeeper.size import Store
from logkeeper.watch import Watch

PORT = 9105
TOO_LONG = 300.0  # seconds without a whole round


@dataclass
class State:
    engine: Engine
    loki: Loki
    watch: Watch
    store: Store
    traces_cap: int
    """Bytes; Jaeger has no metric of it."""
    last_round: float

    @property
    def account(self) -> Account:
        return self.watch.account

    def metrics(self) -> str:
        now = time.time_ns()
        account, store = self.account, self.store
        missing, surplus = self._everybody(account.missing(now)), self._everybody(account.surplus(now))
        behind = account.waiting_seconds(now)
        parts = (
            by_key("log_lines_written_total", "counter", "Lines in Docker's files, as far as judged.", account.written),
            by_key("log_lines_stored_total", "counter", "Lines of these that Loki has.", account.confirmed),
            by_key("log_lines_missing", "gauge", "Lines not in Loki, judged in the last hour.", missing),
            by_key("log_lines_surplus", "gauge", "Lines of the last hour that Loki has twice.", surplus),
            plain("log_account_behind_seconds", "gauge", "Age of the oldest lines that aren't judged yet.", behind),
            labelled(
                "log_account_unread_total",
                "counter",
                "Times that a container or its lines were gone before they were read.",
                "reason",
                self.watch.unread,
            ),
            plain("log_store_bytes", "gauge", "What Loki has on its disk.", store.size),
            plain("log_store_cap_bytes", "gauge", "What it may have, LOGS_RETENTION_SIZE.", store.cap),
            plain("trace_store_cap_bytes", "gauge", "What Jaeger may have, TRACES_RETENTION_SIZE.", self.traces_cap),
            plain(
                "log_store_given_up_until_timestamp_seconds",
                "gauge",
                "What was written before then was deleted for its size; 0: nothing.",
                store.given_up_until,
            ),
            plain(
                "log_keeper_last_round_timestamp_seconds",
                "gauge",
                "When all of this was last looked at.",
                self.last_round,
            ),
        )
        return "\n".join([line for part in parts for line in part] + [""])

    def _everybody(self, counts: Counter[Key]) -> Counter[Key]:
        """With a 0 for whoever has none."""
        return Counter({key: counts[key] for key in {*self.account.written, *counts}})

    def positions(self) -> str:
        """For each container that runs the second of the newest line that Loki has of it, so that all before are there.

        Of a service with several containers the newest line is one of them's, and says nothing of the others.
        """
        now = time.time_ns()
        running = self.engine.containers()
        times = Counter(each.key for each in running)
        rows = {each.id: self.loki.newest(each.key, now) for each in running if times[each.key] == 1}
        return "".join(f"{name} {newest // NANOSECONDS}\n" for name, newest in rows.items() if newest)


def plain(name: str, kind: str, meaning: str, value: float) -> Iterator[str]:
    yield from (f"# HELP {name} {meaning}", f"# TYPE {name} {kind}", f"{name} {value}")


def labelled(name: str, kind: str, meaning: str, label: str, values: Counter[str]) -> Iterator[str]:
    yield from (f"# HELP {name} {meaning}", f"# TYPE {name} {kind}")
    for value, number in values.items():
        yield f'{name}{{{label}="{value}"}} {number}'


def by_key(name: str, kind: str, meaning: str, values: Counter[Key]) -> Iterator[str]:
    yield from (f"# HELP {name} {meaning}", f"# TYPE {name} {kind}")
    for (application, env, service), value in sorted(values.items()):
        yield f'{name}{{application="{application}",env="{env}",service="{service}"}} {value}'


def handler(state: State) -> type[http.server.BaseHTTPRequestHandler]:
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                if self.path == "/metrics":
                    self.answer(HTTPStatus.OK, state.metrics())
                elif self.path == "/positions":
                    self.answer(HTTPStatus.OK, state.positions())
                elif self.path == "/livez":
                    alive = time.time() - state.last_round < TOO_LONG
                    self.answer(HTTPStatus.OK if alive else HTTPStatus.SERVICE_UNAVAILABLE, "")
                else:
                    self.answer(HTTPStatus.NOT_FOUND, "Here are /metrics, /positions and /livez.\n")
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
