"""Quiet days on the real promtool: an hour of each kind; the record of all files is held in tests/static."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from prometheus.rule_files import NOT_EVERYWHERE, metrics_read
from prometheus.tests import healthy
from prometheus.tests.healthy import Series
from prometheus.tests.mutation import promtool
from prometheus.tests.quiet import HOUR, QuietDays, run

AN_HOUR = QuietDays("availability", HOUR, 1, 0.5)


@pytest.fixture(scope="module")
def series() -> list[Series]:
    return healthy.load()


def test_every_metric_that_rules_read_is_there(series: list[Series]) -> None:
    assert {each.metric for each in series} == set(metrics_read()) - NOT_EVERYWHERE, (
        "Take the series anew from a running stack: make healthy-series"
    )


def test_a_quiet_hour_fires_nothing(series: list[Series], tmp_path: Path) -> None:
    done = run(promtool(), tmp_path, series, AN_HOUR)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_unquiet_hour_is_noticed(series: list[Series], tmp_path: Path) -> None:
    ours = [each for each in series if each.metric == "up" and 'job="erp-web"' in each.series]
    down = [replace(each, start=0) if each in ours else each for each in series]
    assert down != series
    done = run(promtool(), tmp_path, down, AN_HOUR)
    assert done.returncode != 0
    assert "InstanceDown" in done.stdout + done.stderr
