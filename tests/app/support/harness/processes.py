"""Starts the ERP's real processes on the test database and reads what they say."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import requests
from django.conf import settings

from harness.wait import eventually
from tests.support.ports import free_port

BIN = Path(sys.executable).parent
GUNICORN = ("gunicorn", "-c", "python:django_instrumentation.gunicorn", "-b", "127.0.0.1:{port}", "-w", "2")
START_SECONDS = 120.0  # a busy machine takes a minute for what takes two seconds


def with_support(path: str) -> str:
    """PYTHONPATH with a folder of the tests beside what this process was given."""
    return os.pathsep.join(filter(None, (path, os.environ.get("PYTHONPATH", ""))))


def children_of(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return sorted(int(child) for task in tasks for child in task.read_text().split())


class Process:
    def __init__(self, command: list[str], directory: Path, **env: str) -> None:
        self.log = directory / f"{env['SERVICE']}.log"
        self.errors = directory / f"{env['SERVICE']}.err"
        self.metrics_files = directory / f"{env['SERVICE']}-metrics"
        environment = {
            **os.environ,
            "DATABASE_NAME": settings.DATABASES["default"]["NAME"],
            "PROMETHEUS_MULTIPROC_DIR": str(self.metrics_files),
            "PYTHONUNBUFFERED": "1",
            **env,
        }
        with self.log.open("ab") as out, self.errors.open("ab") as errors:
            self.popen = subprocess.Popen(
                [str(BIN / command[0]), *command[1:]],
                cwd=settings.BASE_DIR,
                env=environment,
                stdout=out,
                stderr=errors,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self, number: int = signal.SIGTERM) -> int:
        if self.popen.poll() is None:
            self.popen.send_signal(number)
        return self.popen.wait(timeout=30)

    @property
    def children(self) -> list[int]:
        return children_of(self.popen.pid)

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Every whole line of its output, each of which has to be a JSON object."""
        text = self.log.read_text(encoding="utf-8")
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]

    def line(self, **fields: object) -> dict[str, Any]:
        """The one line with these fields, once it is there."""
        found = eventually(
            lambda: [line for line in self.lines if fields.items() <= line.items()],
            f"a log line with {fields}",
        )
        assert len(found) == 1, found
        return found[0]


class HttpProcess(Process):
    """A process that answers /livez and /metrics on `port`."""

    def __init__(self, command: list[str], directory: Path, port: int, **env: str) -> None:
        super().__init__(command, directory, **env)
        self.url = f"http://127.0.0.1:{port}"
        try:
            eventually(self._is_alive, f"{env['SERVICE']} to answer /livez ({self.errors})", START_SECONDS)
        except AssertionError:
            self.stop()
            raise

    def _is_alive(self) -> bool:
        assert self.popen.poll() is None, f"{self.log.read_text()} {self.errors.read_text()}"
        try:
            return requests.get(f"{self.url}/livez", timeout=2).ok
        except requests.RequestException:
            return False

    def wait_for_workers(self, number: int) -> None:
        eventually(lambda: len(self.children) == number, f"{number} gunicorn workers")
        eventually(self._is_alive, "one of them to answer /livez", 60)

    def metrics(self) -> str:
        answer = requests.get(
            f"{self.url}/metrics",
            headers={"Authorization": f"Bearer {settings.INSTRUMENTATION.metrics_token}"},
            timeout=30,
        )
        answer.raise_for_status()
        return answer.text


@contextlib.contextmanager
def web(directory: Path, *options: str, workers: int = 3, port: int = 0, **env: str) -> Iterator[HttpProcess]:
    port = port or free_port()
    command = ["gunicorn", "-c", "gunicorn.conf.py", "-b", f"127.0.0.1:{port}", *options, "config.wsgi"]
    with HttpProcess(command, directory, port, **{"SERVICE": "erp-web", "WEB_CONCURRENCY": str(workers), **env}) as web:
        web.wait_for_workers(workers)
        yield web


def serve(directory: Path, *command: str, port: int = 0, **env: str) -> HttpProcess:
    """Any server of the tests' views; `{port}` in its command is a free one, unless it is given."""
    port = port or free_port()
    path = with_support(str(Path(__file__).parent.parent))
    given = [part.format(port=port) for part in command]
    return HttpProcess(given, directory, port, **{"SERVICE": "site", "PYTHONPATH": path, **env})


def celery(
    directory: Path, role: str, *arguments: str, project: str = "config", port: int = 0, **env: str
) -> HttpProcess:
    port = port or free_port()
    command = ["celery", "-A", project, role, *arguments]
    return HttpProcess(command, directory, port, **{"SERVICE": f"erp-{role}", "METRICS_PORT": str(port), **env})
