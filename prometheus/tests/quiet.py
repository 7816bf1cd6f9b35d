"""Days on which nothing happens, made of the series of a healthy stack: what fires in them?"""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import promql_parser as ast
import yaml

from prometheus.tests import promql
from prometheus.tests.healthy import Steady
from prometheus.tests.laboratory import names
from prometheus.tests.mutation import promtool
from prometheus.tests.mutators import Rule
from prometheus.tests.reading import all_rules, metric_of, selectors

HOUR, DAY = 60, 24 * 60  # minutes
FIRED = 'count by (alertname, severity) (count_over_time(ALERTS{alertstate="firing",alertname!="Watchdog"}[1d]))'
PATIENCE = 1200  # seconds for one file; the longest took 112


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
        timeout=PATIENCE,
        check=False,
        env={**os.environ, "GOMAXPROCS": "1"},
    )


def longest_window(quiet: Quiet) -> float:
    nodes = [node for file, rule in all_rules() if file == quiet.file for node in promql.walk(ast.parse(rule["expr"]))]
    windows = [node.range for node in nodes if isinstance(node, ast.MatrixSelector | ast.SubqueryExpr) and node.range]
    return max((window.total_seconds() for window in windows), default=0)


def run_all(folder: Path, series: list[Steady]) -> dict[Quiet, subprocess.CompletedProcess[str]]:
    # Long windows take long: begun first, or one core waits for the other in the end.
    runs = sorted(RUNS, key=longest_window, reverse=True)
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        return dict(zip(runs, pool.map(lambda quiet: run(folder, series, quiet), runs), strict=True))
