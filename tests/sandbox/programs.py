"""Starts a sandbox program as its container would and reads what it says."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.support.ports import free_port
from tests.support.wait import eventually

ROOT = Path(__file__).parents[2]
API_KEY = "partner-key-of-the-tests"
START_SECONDS = 20.0
STOP_SECONDS = 2.0


def run_module(module: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs a program that is expected to end by itself."""
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )


class Program:
    """A running sandbox program with its address and its log file."""

    def __init__(self, module: str, log: Path, *, port: int = 0, **environment: str) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log
        own = {"LISTEN_ADDRESS": "127.0.0.1", "LISTEN_PORT": str(self.port), "VERSION": "1.2.3"}
        with log.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module],
                cwd=ROOT,
                env={**os.environ, **own, **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            eventually(self._alive, f"{module} alive", START_SECONDS, interval=0.05)
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise

    def _alive(self) -> bool:
        return requests.get(f"{self.url}/livez", timeout=2).ok

    def request(self, method: str, path: str, **arguments: Any) -> requests.Response:
        timeout = arguments.pop("timeout", 10)
        return requests.request(method, self.url + path, timeout=timeout, **arguments)

    def metric(self, name: str, **labels: str) -> float:
        text = self.request("GET", "/metrics").text
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        found = [sample.value for sample in samples if sample.name == name and sample.labels == labels]
        assert len(found) == 1, f"{name} {labels} is there {len(found)} times:\n{text}"
        return float(found[0])

    def lines(self) -> list[dict[str, Any]]:
        """Its log; a line that isn't a JSON object fails."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def stop(self) -> float:
        """Seconds that it took to end after SIGTERM."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS * 5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        return time.monotonic() - started

    def stop_and_check(self) -> None:
        """Ends it in time, if it runs, without a traceback in its log."""
        took = self.stop() if self.process.poll() is None else 0.0
        assert took < STOP_SECONDS, f"It took {took:.1f} s to end."
        failures = [line["exception"] for line in self.lines() if "exception" in line]
        assert not failures, "\n".join(failures)


Starter = Callable[..., Program]
