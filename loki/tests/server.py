"""Loki itself, run on loki.yml with only its ports and its folder moved."""

import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from loki import rule_files
from tests.support.ports import free_port
from tests.support.wait import eventually

CONFIG = Path(__file__).parents[1] / "loki.yml"
READY_WITHIN = 60.0

Entry = tuple[dict[str, str], str, dict[str, str]]  # labels, line, structured metadata


def program() -> str:
    path = os.environ.get("LOKI", "")
    if not path:
        pytest.fail("LOKI is not set; expected the absolute path of loki. Run the tests by make test.")
    return path


def moved_config(folder: Path) -> dict[str, Any]:
    """The configuration that ships, for a machine where its ports may be taken and /loki isn't there."""
    text = CONFIG.read_text(encoding="utf-8").replace("/loki", str(folder))
    config: dict[str, Any] = yaml.safe_load(text)
    config["server"] |= {
        "http_listen_address": "127.0.0.1",
        "http_listen_port": free_port(),
        "grpc_listen_port": free_port(),
    }
    # What its rules find is asked of Loki itself.
    config["ruler"] |= {"alertmanager_url": "", "remote_write": {"enabled": False}, "poll_interval": "1s"}
    config["ruler"]["storage"]["local"]["directory"] = str(folder / "alerting")
    return config


def copy_rules(folder: Path) -> Path:
    """The rules that ship, evaluated every second; `for` in minutes becomes seconds. Returns their folder."""
    copied = folder / "alerting" / "fake"
    copied.mkdir(parents=True, exist_ok=True)
    for file in rule_files.paths().values():
        text = re.sub(r"(interval|for): (\d+)m$", r"\1: \2s", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
        (copied / file.name).write_text(text, encoding="utf-8")
    return copied


@dataclass(frozen=True)
class Server:
    """What the tests ask of a running Loki."""

    url: str
    rules: Path
    """The folder from which it reads them."""

    def get(self, path: str, **params: str) -> requests.Response:
        return requests.get(self.url + path, params=params, timeout=10)

    def push(self, labels: dict[str, str], *lines: str, age: float = 0.0) -> requests.Response:
        now = time.time_ns() - int(age * 1e9)
        values = [[str(now + i), line] for i, line in enumerate(lines)]
        return requests.post(
            f"{self.url}/loki/api/v1/push", json={"streams": [{"stream": labels, "values": values}]}, timeout=10
        )

    def entries(self, query: str, start: int | None = None) -> list[Entry]:
        """What there is since `start` (nanoseconds), by default an hour ago."""
        beginning = {"start": str(start)} if start else {"since": "1h"}
        response = requests.get(
            f"{self.url}/loki/api/v1/query_range",
            params={"query": query, "limit": "1000", "direction": "forward"} | beginning,
            headers={"X-Loki-Response-Encoding-Flags": "categorize-labels"},
            timeout=10,
        )
        response.raise_for_status()
        return [
            (stream["stream"], value[1], value[2].get("structuredMetadata", {}))
            for stream in response.json()["data"]["result"]
            for value in stream["values"]
        ]


@contextmanager
def running(folder: Path, compactor: Mapping[str, str] | None = None) -> Iterator[Server]:
    """`compactor`: what its section has in place of what ships."""
    config = moved_config(folder)
    config["compactor"] |= compactor or {}
    path = folder / "loki.yml"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    log = folder / "loki.log"
    server = Server(f"http://127.0.0.1:{config['server']['http_listen_port']}", copy_rules(folder))
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen([program(), f"-config.file={path}"], stdout=output, stderr=output)
        try:
            try:
                eventually(lambda: is_ready(server, process), "Loki's readiness", READY_WITHIN, interval=0.1)
            except AssertionError as error:
                error.add_note(f"Loki said: {log.read_text(encoding='utf-8')[-3000:]}")
                raise
            yield server
        finally:
            process.terminate()
            process.wait(timeout=60)


def is_ready(server: Server, process: subprocess.Popen[bytes]) -> bool:
    if process.poll() is not None:
        pytest.fail(f"Loki ended with {process.returncode} instead of becoming ready.")
    return bool(server.get("/ready").status_code == requests.codes.ok)
