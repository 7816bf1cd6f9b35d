"""A tracker that is away: the log says so once, not with every event, and every lost event is counted."""

import json
import logging
from pathlib import Path

import pytest
from harness import processes
from harness.foreign import Project

from django_o11y import errors

LOST = 5
THEIR_INIT = "import os, sentry_sdk; sentry_sdk.init(os.environ['SENTRY_DSN'], send_client_reports=False)\n"
SAY = f"""
import django; django.setup()
import logging, sentry_sdk
for number in range({LOST}):
    logging.getLogger("shop").error("broken %d", number)
sentry_sdk.flush(20)
from django_o11y import metrics
print("lost", metrics.SENTRY_DROPPED.labels("network")._value.get())
"""


@pytest.mark.parametrize("init", ["", THEIR_INIT])
def test_the_log_says_once_that_the_tracker_is_away_and_each_loss_is_counted(tmp_path: Path, init: str) -> None:
    dsn = f"http://{'a' * 32}@127.0.0.1:{processes.free_port()}/1"
    done = Project(tmp_path).run("-c", init + SAY, DJANGO_SETTINGS_MODULE="shop.settings", SENTRY_DSN=dsn)
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [line["logger"] for line in lines if line["level"] == "WARNING"] == ["django_o11y.errors"], done.stdout
    assert f"lost {float(LOST)}" in done.stdout


def test_the_next_line_has_the_number_of_losses_since(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = 0.0
    monkeypatch.setattr(errors, "monotonic", lambda: now)
    monkeypatch.setattr(errors, "_tell_at", float("-inf"))
    monkeypatch.setattr(errors, "_untold", 0)
    with caplog.at_level(logging.WARNING, errors.logger.name):
        for _ in range(4):
            errors._count_loss("network")
        now = errors.TELL_SECONDS
        errors._count_loss("full_queue")
    assert [record.args for record in caplog.records] == [(1, "network"), (4, "full_queue")]
