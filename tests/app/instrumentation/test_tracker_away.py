"""A tracker or collector that is away: the log says so once, not with everything that is lost."""

import json
import logging
import threading
from pathlib import Path

import pytest
from harness import processes
from harness.foreign import Project
from harness.http import Call, Reply
from harness.spans import SpanStore

from django_instrumentation import losses
from django_instrumentation.losses import Losses

LOST = 5
THEIR_INIT = "import os, sentry_sdk; sentry_sdk.init(os.environ['SENTRY_DSN'], send_client_reports=False)\n"
SAY = f"""
import django; django.setup()
import logging, sentry_sdk
for number in range({LOST}):
    logging.getLogger("shop").error("broken %d", number)
sentry_sdk.flush(20)
from django_instrumentation import metrics
print("lost", metrics.SENTRY_DROPPED.labels("network")._value.get())
"""


@pytest.mark.parametrize("init", ["", THEIR_INIT])
def test_the_log_says_once_that_the_tracker_is_away_and_each_loss_is_counted(tmp_path: Path, init: str) -> None:
    dsn = f"http://{'a' * 32}@127.0.0.1:{processes.free_port()}/1"
    done = Project(tmp_path).run("-c", init + SAY, DJANGO_SETTINGS_MODULE="shop.settings", SENTRY_DSN=dsn)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [line["logger"] for line in lines if line["level"] == "WARNING"] == ["django_instrumentation.errors"], (
        done.stdout
    )
    assert f"lost {float(LOST)}" in done.stdout


def test_a_collector_that_is_away_is_no_error_event_and_one_line(tmp_path: Path) -> None:
    """OpenTelemetry's exporter writes several lines for each batch, one of them at ERROR."""
    code = """
import django; django.setup()
from opentelemetry import trace
from django_instrumentation import tracing
for number in range(3):
    tracing._tracer.start_span("work").end()
    tracing._provider.force_flush()
from django_instrumentation import metrics
print("events", metrics.SENTRY_EVENTS.labels("error")._value.get())
"""
    nowhere = f"http://127.0.0.1:{processes.free_port()}"
    given = {"OTEL_EXPORTER_OTLP_ENDPOINT": nowhere, "OTEL_TRACES_SAMPLER_ARG": "1", "OTEL_BSP_SCHEDULE_DELAY": "60000"}
    dsn = f"http://{'a' * 32}@127.0.0.1:{processes.free_port()}/1"
    done = Project(tmp_path).run("-c", code, DJANGO_SETTINGS_MODULE="shop.settings", SENTRY_DSN=dsn, **given)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [(line["level"], line["logger"]) for line in lines] == [("WARNING", "django_instrumentation.span_export")], (
        done.stdout
    )
    assert "events 0.0" in done.stdout


def test_the_next_line_has_the_number_of_losses_since(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = 0.0
    monkeypatch.setattr(losses, "monotonic", lambda: now)
    lost = Losses(logging.getLogger("lost"), "%d (%s)")
    for _ in range(4):
        lost.add("network")
    now = losses.WARN_SECONDS
    lost.add("full_queue")
    assert caplog.messages == ["1 (network)", "4 (full_queue)"]


class Unwell(SpanStore):
    def __init__(self, status: int) -> None:
        super().__init__()
        self.status = status
        self.hold = threading.Event()

    def reply(self, call: Call) -> Reply:
        return Reply(self.status, hold=self.hold if self.status == 200 else None)


@pytest.mark.parametrize(
    ("status", "lost"),
    [
        (503, {"export_failed": 10.0}),
        (0, {"export_failed": 10.0}),  # the store is gone
        (200, {"queue_full": 6.0, "exit": 4.0}),  # it never answers
    ],
)
def test_each_lost_span_is_counted_once_by_its_reason(tmp_path: Path, status: int, lost: dict[str, float]) -> None:
    code = """
import sys
import django; django.setup()
from django_instrumentation import metrics, tracing
for number in range(10):
    tracing._tracer.start_span("work").end()
if sys.argv[1:] != ["200"]:
    tracing._provider.force_flush()
tracing.stop()
samples = [each for metric in metrics.SPANS_DROPPED.collect() for each in metric.samples]
print("lost", {each.labels["reason"]: each.value for each in samples if each.name.endswith("_total") and each.value})
"""
    store = Unwell(status)
    nowhere = f"http://127.0.0.1:{processes.free_port()}"
    given = {"OTEL_EXPORTER_OTLP_ENDPOINT": store.url if status else nowhere, "OTEL_TRACES_SAMPLER_ARG": "1"}
    if status == 200:
        sizes = {"OTEL_BSP_MAX_QUEUE_SIZE": "4", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "2"}
        given |= {**sizes, "OTEL_BSP_SCHEDULE_DELAY": "60000"}
    with store.running():
        done = Project(tmp_path).run("-c", code, str(status), DJANGO_SETTINGS_MODULE="shop.settings", **given)
        store.hold.set()
    possible = [lost, {"exit": 10.0}] if status == 503 else [lost]  # OpenTelemetry 1.30 tries again for a minute
    assert any(f"lost {each}" in done.stdout for each in possible), done.stdout + done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [line["level"] for line in lines if line["logger"] == "django_instrumentation.span_export"] == ["WARNING"], (
        done.stdout
    )
    assert "ERROR" not in {line["level"] for line in lines}
