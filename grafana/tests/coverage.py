"""Which of the metrics that we make somebody sees: those of the ERP and the package, and what the rules record."""

import ast as python
from collections.abc import Iterator
from functools import cache

from grafana.tests.linter import selectors
from ops.paths import ROOT
from prometheus import rule_files
from tests.support.boards import load_boards

# By what makes them: the ends of the names that Prometheus reads. One of them seen is enough.
ENDINGS = {
    "Counter": ("_total",),
    "Gauge": ("",),
    "GaugeMetricFamily": ("",),
    "Histogram": ("_bucket", "_sum", "_count"),
    "Summary": ("_sum", "_count"),
}


ELSEWHERE = {
    "django_http_": "django-prometheus has them, and boards of other people read them",
    "django_task": "of Django's own tasks, which the sample's Django 5.2 doesn't have",
}
"""What no board and no rule of ours has to read, by the beginning of its name."""


@cache
def own_metrics() -> frozenset[str]:
    """Every name of the ERP's own metrics."""
    return frozenset(name for names in _made() for name in names)


def unseen() -> set[str]:
    """The metrics of ours that no board and no rule reads, by the first of their names."""
    seen = {node.name or "" for board in load_boards().values() for _, node in selectors(board)}
    seen |= {rule_files.metric_of(each) for _, rule in rule_files.all_rules() for each in rule_files.selectors(rule)}
    made = [*_made(), *((series,) for series in rule_files.recorded())]
    return {names[0] for names in made if not set(names) & seen and not names[0].startswith(tuple(ELSEWHERE))}


def _made() -> Iterator[tuple[str, ...]]:
    for path in sorted([*(ROOT / "erp_app").rglob("*.py"), *(ROOT / "django-instrumentation" / "src").rglob("*.py")]):
        for node in python.walk(python.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, python.Call) and isinstance(node.func, python.Name) and node.func.id in ENDINGS:
                for first in node.args[:1]:
                    if isinstance(first, python.Constant) and isinstance(first.value, str):
                        yield tuple(f"{first.value}{end}" for end in ENDINGS[node.func.id])
