"""A program with the package django-instrumentation that makes a request, or a task, for each line that it reads."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.stack import ROOT

SETTINGS = "SECRET_KEY = 'x'\nDATABASES = {}\nimport django_instrumentation\ndjango_instrumentation.setup(globals())\n"
PROGRAM = """
import json, sys, threading, time
import django; django.setup()
from django_instrumentation import context, metrics, tracing
from opentelemetry.trace import SpanKind
tracing.start()
person = context.Person("7", "3")

def request(status=200, seconds=0, request_id="r", pad=0):
    opened = context.Context(request_id=request_id, find_person=lambda: person)
    began = time.perf_counter()
    span = tracing.start_request(opened, "GET")
    with tracing.active(span):
        query = tracing._tracer.start_span("SELECT", kind=SpanKind.CLIENT, attributes={"db.system": "x" * (pad or 1)})
        query.end()
        message = tracing.send_span("ship")
        threading.Event().wait(seconds)
    tracing.end_request(span, opened, "GET", "orders", status, "orders")
    return {"trace": opened.trace_id, "message": message, "seconds": time.perf_counter() - began - seconds}

def task(message, outcome):
    opened = context.from_message(message, "1")
    with tracing.task_span(opened, "ship", "celery") as span:
        tracing.end_task(span, outcome, "celery")

def flush():
    tracing._provider.force_flush()
    samples = [each for metric in metrics.SPANS_DROPPED.collect() for each in metric.samples]
    return {each.labels["reason"]: each.value for each in samples if each.name.endswith("_total") and each.value}

for line in sys.stdin:
    name, given = json.loads(line)
    print(json.dumps({"answer": globals()[name](**given)}), flush=True)
"""


class Traced:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def _do(self, name: str, **given: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([name, given]) + "\n")
        self._process.stdin.flush()
        seen = []
        for line in self._process.stdout:  # among its log lines
            if "answer" in (found := json.loads(line)):
                return found["answer"]
            seen.append(line)
        raise AssertionError(f"The program ended, expected its answer to {name}: {seen}")

    def request(self, **given: Any) -> dict[str, Any]:
        """Its trace, what a task's message carries of it, and how long it took beside the time that it waited."""
        return dict(self._do("request", **given))

    def task(self, message: dict[str, str], outcome: str) -> None:
        self._do("task", message=message, outcome=outcome)

    def flush(self) -> dict[str, float]:
        """Send what waits; the spans lost until then, by their reason."""
        return dict(self._do("flush"))


@contextmanager
def running(folder: Path, endpoint: str, service: str, **settings: str) -> Iterator[Traced]:
    folder.mkdir(exist_ok=True)
    (folder / "plain.py").write_text(SETTINGS, encoding="utf-8")
    env = {"PYTHONPATH": f"{ROOT / 'django-instrumentation/src'}:{folder}", "DJANGO_SETTINGS_MODULE": "plain"}
    identity = {"APPLICATION": "shop", "SERVICE": service, "ENV": "test", "VERSION": "1"}
    tracing = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "TRACE_WHOLE": "true", "OTEL_TRACES_SAMPLER_ARG": "0"}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        env={**env, **identity, **tracing, **settings},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Traced(process)
        finally:
            process.kill()
