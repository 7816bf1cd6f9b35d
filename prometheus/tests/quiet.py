"""Days on which nothing happens, made of the series of a healthy stack: what fires in them?"""

from __future__ import annotations

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
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
    """One rules file over `minutes`, judged every `evaluate` minutes."""

    file: str
    minutes: int
    evaluate: int

    @property
    def name(self) -> str:
        return f"{self.file}-{self.minutes // DAY}d"

    @cached_property
    def rules(self) -> list[Rule]:
        return with_what_they_read([rule for file, rule in all_rules() if file == self.file])

    @cached_property
    def windows(self) -> list[float]:
        """Minutes of every range in the rules."""
        nodes = [node for rule in self.rules for node in promql.walk(ast.parse(str(rule["expr"])))]
        ranges = [node.range for node in nodes if isinstance(node, ast.MatrixSelector | ast.SubqueryExpr)]
        return [each.total_seconds() / 60 for each in ranges if each]

    @property
    def scrape(self) -> float:
        """Minutes: two samples in the shortest window, and no more: promtool's time grows with their number."""
        return min([1.0, *(each / 2 for each in self.windows)])


RUNS = [Quiet(file, 7 * DAY, 1) for file in names()] + [Quiet("business", 35 * DAY, 10)]


def with_what_they_read(rules: list[Rule]) -> list[Rule]:
    """The rules, and before them those that record what they read, and what those read, and so on."""
    read = {metric_of(each) for rule in rules for each in selectors(rule)}
    more = [rule for _, rule in all_rules() if rule.get("record") in read and rule not in rules]
    return with_what_they_read(more + rules) if more else rules


def run(folder: Path, series: list[Steady], quiet: Quiet) -> subprocess.CompletedProcess[str]:
    read = {metric_of(each) for rule in quiet.rules for each in selectors(rule)}
    ends = range(min(DAY, quiet.minutes), quiet.minutes + 1, DAY)
    group = {"name": quiet.file, "rules": quiet.rules}
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


def run_all(folder: Path, series: list[Steady]) -> dict[Quiet, subprocess.CompletedProcess[str]]:
    # Long windows take long: begun first, or one core waits for the other in the end.
    runs = sorted(RUNS, key=lambda quiet: max(quiet.windows), reverse=True)
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        return dict(zip(runs, pool.map(lambda quiet: run(folder, series, quiet), runs), strict=True))
