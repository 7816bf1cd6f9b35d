"""A machine for the tests of `make sentry`: a copy of this repository, and an engine that writes down its calls."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ops import secrets
from ops.settings import Settings, defaults
from tests.support import sentry_double
from tests.support.ports import free_port
from tests.support.repository import copy_files
from tests.support.sentry_double import SentryDouble
from tests.support.stack import ROOT

STAND_IN = ROOT / "tests" / "ops" / "sentry_release"
RELEASE = Path(os.environ.get("SENTRY_RELEASE_DIR") or STAND_IN)
OURS = {"COMPOSE_PROJECT_NAME": "erp-observability", "COMPOSE_PROFILES": "sample,sandbox"}


@dataclass
class Machine:
    """A copy of this repository beside an engine that answers as the test says."""

    checkout: Path
    bin: Path
    port: int
    double: SentryDouble
    answers: dict[str, Any] = field(default_factory=dict)
    is_installed: bool = False  # as `make sentry` leaves it, and nothing was run since

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        self.is_installed = False
        (self.bin / "answers.json").write_text(json.dumps(self.answers), encoding="utf-8")
        environment = {**os.environ, **OURS, "PATH": f"{self.bin}:{os.environ['PATH']}", **variables}
        environment |= {"SENTRY_PORT": str(self.port), "IMAGE_SOURCE": "official", "SECRETS_DIR": str(self.secrets)}
        command = [sys.executable, "-m", "ops", *arguments]
        return subprocess.run(
            command, cwd=self.checkout, env=environment, capture_output=True, text=True, timeout=300, check=False
        )

    def sentry(self, **variables: str) -> subprocess.CompletedProcess[str]:
        return self.run("sentry", str(RELEASE), **variables)

    @property
    def secrets(self) -> Path:
        return self.checkout / "secrets"

    @property
    def release(self) -> Path:
        return self.checkout / ".local" / "sentry" / "selfhosted"

    @property
    def dsn(self) -> str:
        return secrets.read("sentry_dsn", self.secrets)

    def calls(self) -> list[dict[str, Any]]:
        file = self.bin / "calls.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def of_sentry(self) -> list[dict[str, Any]]:
        return [call for call in self.calls() if call["folder"] == str(self.release)]

    def texts(self) -> list[str]:
        return [" ".join(call["words"]) for call in self.of_sentry()]

    def forget(self) -> None:
        (self.bin / "calls.jsonl").unlink(missing_ok=True)


@contextmanager
def made() -> Iterator[Machine]:
    with tempfile.TemporaryDirectory(prefix="sentry-") as folder:
        checkout, programs = Path(folder, "checkout"), Path(folder, "bin")
        copy_files(checkout)
        pin = checkout / "sentry" / "selfhosted" / "release.toml"  # this machine's disk gets none of Sentry's data
        pin.write_text(re.sub(r"disk_gb = \d+", "disk_gb = 1", pin.read_text(encoding="utf-8")), encoding="utf-8")
        programs.mkdir()
        recorder = (ROOT / "tests" / "ops" / "sentry_docker.py").read_text(encoding="utf-8")
        # By this very Python, without its packages: an installer calls it a hundred times.
        (programs / "docker").write_text(f"#!{sys.executable} -SE\n{recorder}", encoding="utf-8")
        (programs / "docker").chmod(0o755)
        secrets.ensure(Settings(defaults(), {}), checkout / "secrets")
        port, password = free_port(), programs / "password"
        with sentry_double.running(port, lambda: password.read_text(encoding="utf-8")) as double:
            yield Machine(checkout, programs, port, double)


def reset(machine: Machine) -> None:
    """Large enough, nothing refused, no call written down."""
    machine.answers = {
        "docker": shutil.which("docker"),
        "sentry": f"127.0.0.1:{machine.port}",
        "processors": 4,
        "memory_mb": 15000,
        "running": ["erp-web", "erp-worker", "erp-beat", "bugsink", "alertmanager", "grafana"],
        "folder": str(machine.release),
        "refused": [],
    }
    machine.double.loses_events = False
    machine.forget()
