"""The reference page of the metrics, made from the code: what importing it registers, and what its collectors make.

A metric's name is an interface: alerts and boards of other people read it. metric_names.json has each name that ever
was, with the version of the package that brought it and, where it is gone, the one that took it away.
"""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

import django_instrumentation

PACKAGE = Path(django_instrumentation.__file__).parent
NAMES = PACKAGE / "metric_names.json"
MAKES_METRICS = re.compile(r"^from prometheus_client import .*\b(?:Counter|Gauge|Histogram|Summary)\b", re.MULTILINE)
FAMILIES = {"GaugeMetricFamily": "gauge", "CounterMetricFamily": "counter"}
SHOWN_SUFFIX = {"counter": "_total"}
UNITS = ("seconds", "bytes")


@dataclass(frozen=True)
class Described:
    name: str
    kind: str
    labels: tuple[str, ...]
    meaning: str

    @property
    def unit(self) -> str:
        """By Prometheus' convention it is a part of the name."""
        return next((unit for unit in UNITS if unit in self.name.split("_")), "—")


def described() -> list[Described]:
    """Every metric of the package by its name, as a query has it."""
    found = {each.name: each for each in (*_registered(), *_made_by_collectors())}
    return [found[name] for name in sorted(found)]


def versions() -> dict[str, dict[str, str]]:
    """By name: the version that brought it (`since`) and, where it is gone, the version that took it away (`until`)."""
    found: dict[str, dict[str, str]] = json.loads(NAMES.read_text(encoding="utf-8"))
    return found


def page() -> str:
    known = versions()
    rows = [
        f"| `{each.name}` | {each.kind} | {', '.join(f'`{label}`' for label in each.labels) or '—'} | {each.unit} "
        f"| {each.meaning} | {known.get(each.name, {}).get('since', '?')} |"
        for each in described()
    ]
    head = (
        "# Metrics of `django_instrumentation`\n\nMade by `make reference` from the code. A histogram has `_bucket`, "
        "`_sum` and `_count`. A name stays; if one ever goes, `metric_names.json` and the changelog say since when. "
        "What `django_prometheus`' database and cache backends count is described there.\n\n"
        "| name | type | labels | unit | when it moves, or what it says | since |\n|---|---|---|---|---|---|\n"
    )
    return head + "\n".join(rows) + "\n"


def _registered() -> Iterator[Described]:
    """What is there after the import of each module that makes metrics, and what is made when it is first set."""
    for path in sorted(PACKAGE.glob("*.py")):
        if not MAKES_METRICS.search(path.read_text(encoding="utf-8")):
            continue
        for each in vars(import_module(f"django_instrumentation.{path.stem}")).values():
            if hasattr(each, "cache_info") and each.__annotations__.get("return") in MetricWrapperBase.__subclasses__():
                each()
    for collector in list(REGISTRY._collector_to_names):
        if isinstance(collector, MetricWrapperBase):
            yield _describe(
                collector._name, str(collector._type), tuple(collector._labelnames), collector._documentation
            )


def _made_by_collectors() -> Iterator[Described]:
    """The families that are made at each scrape: read from the source, since that needs neither broker nor database."""
    for path in sorted(PACKAGE.glob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in FAMILIES):
                continue
            if not all(isinstance(argument, ast.Constant) for argument in call.args):
                continue  # a registered metric's losses or sums
            name, meaning = (ast.literal_eval(argument) for argument in call.args)
            labels: list[str] = next(
                (ast.literal_eval(each.value) for each in call.keywords if each.arg == "labels"), []
            )
            yield _describe(name, FAMILIES[call.func.id], tuple(labels), meaning)


def _describe(name: str, kind: str, labels: tuple[str, ...], meaning: str) -> Described:
    return Described(name + SHOWN_SUFFIX.get(kind, ""), kind, labels, meaning)
