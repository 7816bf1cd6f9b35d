"""`make bench BENCH=stored`: what lines of the sandbox take in Loki's storage, for a byte that came in.

Needs the running sandbox, best after hours of it. Loki is told to store all that it holds; then its own counts since
its start are compared.
"""

import json
import sys
from typing import Any

import requests

from ops.console import say
from tests.bench.growth import sizing
from tests.bench.stack import record
from tests.support import stack
from tests.support.prometheus import Prometheus
from tests.support.wait import eventually

STORED = "sum(loki_ingester_chunk_stored_bytes_total)"
CAME_IN = "sum(loki_distributor_bytes_received_total)"
LINES = "sum(loki_distributor_lines_received_total)"
HELD = "sum(loki_ingester_memory_chunks)"
FLUSHED = "sum(loki_ingester_chunks_flushed_total)"
STARTED = 'min(process_start_time_seconds{service="loki"})'


def measure() -> dict[str, Any]:
    """Lines, their bytes, and those of the chunks."""
    prometheus = Prometheus()
    held, before = prometheus.value(HELD), prometheus.value(FLUSHED)
    requests.post(f"{stack.url('loki')}/flush", timeout=60).raise_for_status()
    eventually(
        lambda: prometheus.value(FLUSHED) - before,
        f"Loki to have stored the {held:.0f} chunks that it held",
        300,
        until=lambda stored: stored >= held,
    )
    came_in, stored, lines = (prometheus.value(query) for query in (CAME_IN, STORED, LINES))
    return {
        "hours": round((prometheus.value("time()") - prometheus.value(STARTED)) / 3600, 2),
        "lines": int(lines),
        "bytes_a_line": round(came_in / lines),
        "bytes_stored_for_each": round(stored / came_in, 4),
    }


def main() -> int:
    stack.ensure_up()
    found = measure()
    say(json.dumps(found))
    record("stored", found)
    sizing.write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
