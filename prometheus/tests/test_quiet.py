"""Days on which nothing happens: no alert may fire but the Watchdog."""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import promql_parser as ast
import pytest
import yaml

from prometheus.tests import healthy, promql
from prometheus.tests.healthy import Steady
from prometheus.tests.laboratory import names, seconds_of_all_cores
from prometheus.tests.mutation import promtool
from prometheus.tests.mutators import Rule
from prometheus.tests.reading import AFTER_THE_EVENT, all_rules, metric_of, metrics_read, selectors

HOUR, DAY = 60, 24 * 60  # minutes
FIRED = 'count by (alertname, severity) (count_over_time(ALERTS{alertstate="firing",alertname!="Watchdog"}[1d]))'
MOST_SECONDS = 120


@dataclass(frozen=True)
class Quiet:
    """`scrape` and `evaluate` in minutes; the scrape is quick enough for windows of a minute."""

    file: str
    minutes: int
    evaluate: int
    scrape: float

    @property
    def name(self) -> str:
        return f"{self.file}-{self.minutes // DAY}d"


RUNS = [Quiet(file, 7 * DAY, 1, 0.5) for file in names()] + [Quiet("business", 35 * DAY, 10, 1)]


def with_what_they_read(rules: list[Rule]) -> list[Rule]:
    """The rules, and before them those that record what they read, and what those read, and so on."""
    read = {metric_of(each) for rule in rules for each in selectors(rule)}
    more = [rule for _, rule in all_rules() if rule.get("record") in read and rule not in rules]
    return with_what_they_read(more + rules) if more else rules


def run(folder: Path, series: list[Steady], quiet: Quiet) -> subprocess.CompletedProcess[str]:
    rules = with_what_they_read([rule for file, rule in all_rules() if file == quiet.file])
    read = {metric_of(each) for rule in rules for each in selectors(rule)}
    ends = range(min(DAY, quiet.minutes), quiet.minutes + 1, DAY)
    group = {"name": quiet.file, "rules": rules}
    test: dict[str, Any] = {
        "interval": f"{round(quiet.scrape * 60)}s",
        "input_series": [
            {"series": each.series, "values": each.values(quiet.minutes, quiet.scrape)}
            for each in series
            if each.metric in read
        ],
        "promql_expr_test": [{"expr": FIRED, "eval_time": f"{end}m"} for end in ends],
    }
    (folder / f"{quiet.name}.yml").write_text(yaml.safe_dump({"groups": [group]}), encoding="utf-8")
    path = folder / f"{quiet.name}_test.yml"
    document = {"rule_files": [f"{quiet.name}.yml"], "evaluation_interval": f"{quiet.evaluate}m", "tests": [test]}
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return subprocess.run(
        [promtool(), "test", "rules", str(path)],
        capture_output=True,
        text=True,
        timeout=10 * MOST_SECONDS,
        check=False,
        env={**os.environ, "GOMAXPROCS": "1"},
    )


def longest_window(quiet: Quiet) -> float:
    nodes = [node for file, rule in all_rules() if file == quiet.file for node in promql.walk(ast.parse(rule["expr"]))]
    windows = [node.range for node in nodes if isinstance(node, ast.MatrixSelector | ast.SubqueryExpr) and node.range]
    return max((window.total_seconds() for window in windows), default=0)


@pytest.fixture(scope="module")
def series() -> list[Steady]:
    return healthy.load()


@dataclass(frozen=True)
class Outcome:
    runs: dict[Quiet, subprocess.CompletedProcess[str]]
    seconds: float


@pytest.fixture(scope="module")
def outcome(series: list[Steady], tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder = tmp_path_factory.mktemp("quiet")
    # Long windows take long: begun first, or one core waits for the other in the end.
    runs = sorted(RUNS, key=longest_window, reverse=True)
    started = seconds_of_all_cores()
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        done = dict(zip(runs, pool.map(lambda quiet: run(folder, series, quiet), runs), strict=True))
    return Outcome(done, seconds_of_all_cores() - started)


def test_every_metric_that_rules_read_is_there(series: list[Steady]) -> None:
    assert {each.metric for each in series} == set(metrics_read()) - set(AFTER_THE_EVENT), (
        "Take the series anew from a running stack: python -m prometheus.tests.healthy"
    )


@pytest.mark.parametrize("quiet", RUNS, ids=[each.name for each in RUNS])
def test_quiet_days(quiet: Quiet, outcome: Outcome) -> None:
    done = outcome.runs[quiet]
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_took_no_longer_than_promised(outcome: Outcome) -> None:
    assert outcome.seconds < MOST_SECONDS


def test_an_unquiet_hour_is_noticed(series: list[Steady], tmp_path: Path) -> None:
    down = [replace(each, start=0) if each.series.startswith('up{instance="erp-web') else each for each in series]
    assert down != series
    done = run(tmp_path, down, Quiet("availability", HOUR, 1, 0.5))
    assert done.returncode != 0
    assert "ErpInstanceDown" in done.stdout + done.stderr
