"""`make healthy-series`: writes healthy.yml, the series that rules read, as a healthy running stack has them.

Run it when rules read other metrics than before, while no alert fires and the traffic runs.
"""

from __future__ import annotations

import json
import re
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import yaml

from ops.console import say
from prometheus import promql
from prometheus.rule_files import all_rules, metric_of, metrics_read, selectors
from tests.support.prometheus import Prometheus

PATH = Path(__file__).with_name("healthy.yml")
COUNTED = {"counter", "histogram", "summary"}
PARTS = re.compile(r"_(bucket|count|sum)$")
CLOCK = re.compile(r"_(timestamp|time)_seconds$")


@dataclass(frozen=True)
class Series:
    """One series: its value at the start of a test, when promtool's clock shows 0, and its growth."""

    series: str
    start: float
    per_minute: float

    @property
    def metric(self) -> str:
        return self.series.partition("{")[0]

    def values(self, minutes: int, interval: float) -> str:
        """In promtool's notation; `interval` in minutes."""
        growth, count = self.per_minute * interval, round(minutes / interval)
        return f"{self.start:.12g}{'+' if growth >= 0 else '-'}{abs(growth):.12g}x{count}"


def load(path: Path = PATH) -> list[Series]:
    return [Series(**each) for each in yaml.safe_load(path.read_text(encoding="utf-8"))]


def take(prometheus: Prometheus) -> list[Series]:
    read = metrics_read()
    wanted = {
        promql.selector(each, each.matchers.matchers): metric_of(each)
        for _, rule in all_rules()
        for each in selectors(rule)
        if metric_of(each) in read
    }
    found = {each for selector, metric in wanted.items() for each in _series(prometheus, selector, metric)}
    return sorted(found, key=lambda each: each.series)


def _series(prometheus: Prometheus, selector: str, metric: str) -> list[Series]:
    now = time.time()

    def values(expression: str) -> dict[str, float]:
        return {_text(metric, each.labels): each.value for each in prometheus.query(expression)}

    def clock_moves() -> dict[str, float]:
        return values(f"changes({selector}[5m]) > 0")

    if CLOCK.search(metric):
        moving = clock_moves()
        return [
            Series(series, round(value - now), 60 if series in moving else 0)
            for series, value in values(selector).items()
        ]
    if _is_counted(prometheus, metric):
        # The median: a fault that was there for some minutes leaves no trace.
        usual = values(f"quantile_over_time(0.5, rate({selector}[5m])[20m:30s])")
        return [Series(each, 0, _short(value * 60)) for each, value in usual.items()]
    usual = values(f"quantile_over_time(0.5, {selector}[10m])")
    return [Series(each, _short(value), 0) for each, value in usual.items()]


def _is_counted(prometheus: Prometheus, metric: str) -> bool:
    if metric.endswith("_total"):
        return True
    about = prometheus.get("metadata", metric=metric) or prometheus.get("metadata", metric=PARTS.sub("", metric))
    return bool(COUNTED & {each["type"] for entries in about.values() for each in entries})


def _text(metric: str, labels: dict[str, str]) -> str:
    inside = ", ".join(
        f"{name}={json.dumps(value, ensure_ascii=False)}"
        for name, value in sorted(labels.items())
        if name != "__name__"
    )
    return f"{metric}{{{inside}}}"


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def main() -> int:
    prometheus = Prometheus()
    firing = {each["labels"]["alertname"] for each in prometheus.alerts() if each["state"] == "firing"}
    down = {each["labels"]["job"] for each in prometheus.targets() if each["health"] != "up"}
    if ill := sorted((firing - {"Watchdog"}) | down):
        sys.stderr.write(f"Expected a stack that is well, found firing or down: {', '.join(ill)}.\n")
        return 1
    found = take(prometheus)
    if missing := sorted(set(metrics_read()) - {each.metric for each in found}):
        say(f"Prometheus has no series of {', '.join(missing)}: they stay out.")
    PATH.write_text(yaml.safe_dump([asdict(each) for each in found], sort_keys=False, width=70), encoding="utf-8")
    say(f"Written: {len(found)} series into {PATH.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
