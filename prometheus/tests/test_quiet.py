"""Days on which nothing happens: no alert may fire but the Watchdog."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from prometheus.tests import healthy
from prometheus.tests.healthy import Steady
from prometheus.tests.quiet import HOUR, RUNS, Quiet, run, run_all
from prometheus.tests.reading import AFTER_THE_EVENT, metrics_read

Outcomes = dict[Quiet, subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def series() -> list[Steady]:
    return healthy.load()


@pytest.fixture(scope="module")
def outcomes(series: list[Steady], tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    return run_all(tmp_path_factory.mktemp("quiet"), series)


def test_every_metric_that_rules_read_is_there(series: list[Steady]) -> None:
    assert {each.metric for each in series} == set(metrics_read()) - set(AFTER_THE_EVENT), (
        "Take the series anew from a running stack: python -m prometheus.tests.healthy"
    )


@pytest.mark.parametrize("quiet", RUNS, ids=[each.name for each in RUNS])
def test_quiet_days(quiet: Quiet, outcomes: Outcomes) -> None:
    done = outcomes[quiet]
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_unquiet_hour_is_noticed(series: list[Steady], tmp_path: Path) -> None:
    down = [replace(each, start=0) if each.series.startswith('up{instance="erp-web') else each for each in series]
    assert down != series
    done = run(tmp_path, down, Quiet("availability", HOUR, 1, 0.5))
    assert done.returncode != 0
    assert "ErpInstanceDown" in done.stdout + done.stderr
