"""`make bench BENCH=pipeline`: processor time of Promtail's pipeline, in seconds for a million lines of each kind.

Promtail reads a file through the pipeline that ships and pushes to a server that takes everything; the time to read and
push the same lines without a stage is measured beside it.
"""

import http.server
import json
import os
import resource
import subprocess
import sys
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests
import yaml

from ops import commands
from ops.console import say
from ops.paths import ROOT
from tests.bench.stack import record
from tests.support.erp import sum_samples
from tests.support.ports import free_port
from tests.support.wait import eventually

CONFIG = ROOT / "promtail" / "promtail.yml"
LINES = 200_000
MILLION = 1_000_000
ROUNDS = 3
PAD = "x" * 150
KINDS = {
    "json": json.dumps(
        {
            "timestamp": "2026-11-29T17:00:00.000000+00:00",
            "level": "INFO",
            "logger": "shop.orders",
            "message": f"order placed {PAD}",
            "request_id": "6f9619ff8b86d011b42d00c04fc964ff",
            "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
            "span_id": "00f067aa0ba902b7",
            "user_id": 7,
            "org_id": 3,
            "task_id": None,
        }
    ),
    "logfmt": f'time=2026-11-29T17:00:00.1Z level=info source=main.go:1 msg="compaction done" took=12ms {PAD}{PAD}',
    "text": f'172.18.0.2 - - [29/Nov/2026:17:00:00 +0000] "GET /api/orders HTTP/1.1" 200 512 {PAD}{PAD}',
}


class Taker(http.server.BaseHTTPRequestHandler):
    """Answers every push with success."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def without_stages(config: dict[str, Any]) -> list[dict[str, Any]]:
    """The count of lines alone."""
    stages: list[dict[str, Any]] = config["scrape_configs"][0]["pipeline_stages"]
    return [stage for stage in stages if "metrics" in stage]


def seconds(program: str, config: dict[str, Any], stages: list[dict[str, Any]], line: str, push: int) -> float:
    """Of processor time for LINES lines."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "lines.log").write_text(f"{line}\n" * LINES, encoding="utf-8")
        port = free_port()
        moved = {
            "server": {"http_listen_address": "127.0.0.1", "http_listen_port": port, "grpc_listen_port": 0},
            "positions": {"filename": str(folder / "positions.yaml")},
            "clients": [config["clients"][0] | {"url": f"http://127.0.0.1:{push}/loki/api/v1/push"}],
            "scrape_configs": [
                {
                    "job_name": "file",
                    "static_configs": [
                        {"labels": {"application": "shop", "service": "web", "__path__": str(folder / "lines.log")}}
                    ],
                    "pipeline_stages": stages,
                }
            ],
        }
        (folder / "promtail.yml").write_text(yaml.safe_dump(moved), encoding="utf-8")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with subprocess.Popen(
            [program, f"-config.file={folder / 'promtail.yml'}"], stderr=subprocess.DEVNULL
        ) as process:

            def counted() -> float:
                page = requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
                return sum_samples(page, "promtail_log_lines_total", {})

            eventually(counted, f"{LINES} lines", 300, until=lambda count: count >= LINES, interval=0.2)
            process.terminate()
            process.wait(timeout=60)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> int:
    program = os.environ.get("PROMTAIL") or str(commands.tool("promtail"))
    config = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    stages = {"all stages": config["scrape_configs"][0]["pipeline_stages"], "none": without_stages(config)}
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Taker)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found: dict[str, dict[str, list[float]]] = {kind: {name: [] for name in stages} for kind in KINDS}
    for _ in range(ROUNDS):
        for kind, line in KINDS.items():
            for name, chosen in stages.items():
                took = seconds(program, config, chosen, line, server.server_address[1])
                found[kind][name].append(round(took * MILLION / LINES, 1))
    server.shutdown()
    record("pipeline", {"line_bytes": {kind: len(line) for kind, line in KINDS.items()}, "seconds_per_million": found})
    say(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
