"""`make quiet-days`: days on which nothing happens, made of the series of a healthy stack. Which alerts fire?

Runs the files that have changed since their result was recorded; `make quiet-days ALL=yes` runs every file.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import promql_parser as ast

from ops.console import say
from ops.paths import ROOT
from prometheus import promql
from prometheus.rule_files import Rule, all_rules, metric_of, paths, selectors
from prometheus.tests import healthy
from prometheus.tests.healthy import Series
from prometheus.tests.mutation import promtool
from prometheus.tests.records import Record, digest, prometheus_version

RECORD = Record(ROOT / "docs" / "operations" / "quiet-days.json", "make quiet-days")
HOUR, DAY = 60, 24 * 60  # minutes
FIRED = 'count by (alertname, severity) (count_over_time(ALERTS{alertstate="firing",alertname!="Watchdog"}[1d]))'
PATIENCE = 1200  # seconds for one file; the longest took 112


@dataclass(frozen=True)
class QuietDays:
    """`scrape` and `evaluate` in minutes; the scrape is quick enough for windows of a minute."""

    file: str
    minutes: int
    evaluate: int
    scrape: float

    @property
    def name(self) -> str:
        return f"{self.file}-{self.minutes // DAY}d"


# What pages for everything that has gone, and is told soonest.
SOONEST = "availability"
RUNS = [
    *(QuietDays(file, (30 if file == SOONEST else 7) * DAY, 1, 0.5) for file in paths()),
    QuietDays("business", 35 * DAY, 10, 1),
]


def with_what_they_read(rules: list[Rule]) -> list[Rule]:
    """The rules, and before them those that record what they read, and what those read, and so on."""
    read = {metric_of(each) for rule in rules for each in selectors(rule)}
    more = [rule for _, rule in all_rules() if rule.get("record") in read and rule not in rules]
    return with_what_they_read(more + rules) if more else rules


def documents(series: list[Series], quiet: QuietDays) -> tuple[dict[str, Any], dict[str, Any]]:
    """The rules and the test that promtool gets."""
    rules = with_what_they_read([rule for file, rule in all_rules() if file == quiet.file])
    read = {metric_of(each) for rule in rules for each in selectors(rule)}
    ends = range(min(DAY, quiet.minutes), quiet.minutes + 1, DAY)
    test: dict[str, Any] = {
        "interval": f"{round(quiet.scrape * 60)}s",
        "input_series": [
            {"series": each.series, "values": each.values(quiet.minutes, quiet.scrape)}
            for each in series
            if each.metric in read
        ],
        "promql_expr_test": [{"expr": FIRED, "eval_time": f"{end}m"} for end in ends],
    }
    return (
        {"groups": [{"name": quiet.file, "rules": rules}]},
        {"rule_files": [f"{quiet.name}.yml"], "evaluation_interval": f"{quiet.evaluate}m", "tests": [test]},
    )


def inputs() -> dict[str, str]:
    """By run the digest of what decides its result: the documents that promtool gets, and promtool's version."""
    series = healthy.load()
    return {quiet.name: digest(prometheus_version(), *documents(series, quiet)) for quiet in RUNS}


def run(promtool: str, folder: Path, series: list[Series], quiet: QuietDays) -> subprocess.CompletedProcess[str]:
    rules, test = documents(series, quiet)
    path = folder / f"{quiet.name}_test.yml"  # JSON is YAML too
    (folder / f"{quiet.name}.yml").write_text(json.dumps(rules, ensure_ascii=False), encoding="utf-8")
    path.write_text(json.dumps(test, ensure_ascii=False), encoding="utf-8")
    return subprocess.run(
        [promtool, "test", "rules", str(path)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env={**os.environ, "GOMAXPROCS": "1"},
    )


def longest_window(quiet: QuietDays) -> float:
    nodes = [node for file, rule in all_rules() if file == quiet.file for node in promql.walk(ast.parse(rule["expr"]))]
    windows = [node.range for node in nodes if isinstance(node, ast.MatrixSelector | ast.SubqueryExpr) and node.range]
    return max((window.total_seconds() for window in windows), default=0)


def run_all(promtool: str, wanted: Iterable[QuietDays]) -> Iterator[tuple[str, str]]:
    """Each run with what promtool found; nothing where no alert fired."""
    # Long windows take long: begun first, or one core waits for the other in the end.
    runs = sorted(wanted, key=longest_window, reverse=True)
    series = healthy.load()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        done = pool.map(lambda quiet: run(promtool, Path(folder), series, quiet), runs)
        for quiet, each in zip(runs, done, strict=True):
            yield quiet.name, each.stdout + each.stderr if each.returncode else ""


def main(arguments: Sequence[str]) -> int:
    wanted = inputs()
    rows = RECORD.current(wanted)
    stale = [quiet for quiet in RUNS if "--all" in arguments or quiet.name not in rows]
    say(f"To run: {', '.join(each.name for each in stale) or 'nothing, every result is of the rules as they are'}.")
    started = time.monotonic()
    red = []
    for name, fault in run_all(promtool(), stale) if stale else ():
        rows.pop(name, None)
        if fault:
            red.append(name)
        else:
            rows[name] = {}
        RECORD.write(rows, wanted)  # what has run stays when the next one fails
        said = f"expected that no alert fires but the Watchdog\n{fault}" if fault else "quiet"
        say(f"{name}: {said}, {time.monotonic() - started:.0f} s")
    say(f"{len(wanted) - len(red)} of {len(wanted)} runs are quiet; written: {RECORD.path.relative_to(ROOT)}")
    return 1 if red else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
