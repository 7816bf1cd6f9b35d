"""Days on which nothing happens: no alert may fire but the Watchdog."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from prometheus.tests import healthy
from prometheus.tests.healthy import Steady
from prometheus.tests.laboratory import RULES, names
from prometheus.tests.mutation import promtool
from prometheus.tests.reading import AFTER_THE_EVENT, all_rules, metric_of, metrics_read, selectors

HOUR, DAY = 60, 24 * 60  # minutes
FIRED = 'count by (alertname, severity) (count_over_time(ALERTS{alertstate="firing",alertname!="Watchdog"}[1d]))'
AWAKE = 'count(count_over_time(ALERTS{alertstate="firing",alertname="Watchdog"}[1d]))'
MOST_SECONDS = 60


def with_what_they_read(files: set[str]) -> set[str]:
    """The rules files with those that record what they read."""
    recorders = {rule["record"]: file for file, rule in all_rules() if "record" in rule}
    read = {metric_of(each) for file, rule in all_rules() if file in files for each in selectors(rule)}
    more = {recorders[metric] for metric in read if metric in recorders} - files
    return with_what_they_read(files | more) if more else files


def run(
    folder: Path, series: list[Steady], files: set[str], minutes: int, *, scrape: float, evaluate: int
) -> subprocess.CompletedProcess[str]:
    read = {metric_of(each) for file, rule in all_rules() if file in files for each in selectors(rule)}
    silent = [{"expr": FIRED, "eval_time": f"{end}m"} for end in range(min(DAY, minutes), minutes + 1, DAY)]
    awake = [{"expr": AWAKE, "eval_time": f"{minutes}m", "exp_samples": [{"labels": "{}", "value": 1}]}]
    document: dict[str, Any] = {
        "rule_files": [str(RULES / f"{file}.yml") for file in sorted(files)],
        "evaluation_interval": f"{evaluate}m",
        "tests": [
            {
                "interval": f"{round(scrape * 60)}s",
                "input_series": [
                    {"series": each.series, "values": each.values(minutes, scrape)}
                    for each in series
                    if each.metric in read
                ],
                "promql_expr_test": silent + (awake if "self" in files else []),
            }
        ],
    }
    path = folder / "quiet_test.yml"
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return subprocess.run(
        [promtool(), "test", "rules", str(path)], capture_output=True, text=True, timeout=MOST_SECONDS, check=False
    )


@pytest.fixture(scope="module")
def series() -> list[Steady]:
    return healthy.load()


def test_every_metric_that_rules_read_is_there(series: list[Steady]) -> None:
    assert {each.metric for each in series} == set(metrics_read()) - set(AFTER_THE_EVENT), (
        "Take the series anew from a running stack: python -m prometheus.tests.healthy"
    )


def test_seven_quiet_days(series: list[Steady], tmp_path: Path) -> None:
    done = run(tmp_path, series, set(names()), 7 * DAY, scrape=0.5, evaluate=1)
    assert done.returncode == 0, done.stdout + done.stderr


def test_thirty_five_quiet_days_of_business(series: list[Steady], tmp_path: Path) -> None:
    files = with_what_they_read({"business"} & set(names()))
    done = run(tmp_path, series, files, 35 * DAY, scrape=1, evaluate=10)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_unquiet_hour_is_noticed(series: list[Steady], tmp_path: Path) -> None:
    down = [replace(each, start=0) if each.series.startswith('up{instance="erp-web') else each for each in series]
    assert down != series
    done = run(tmp_path, down, set(names()), HOUR, scrape=0.5, evaluate=1)
    assert done.returncode != 0
    assert "ErpInstanceDown" in done.stdout + done.stderr
