"""Answers a panel's query: straight from Prometheus and Loki, or through Grafana where Grafana runs."""

import math
import re
import time
from dataclasses import replace
from typing import Protocol

import promql_parser as ast

from prometheus import promql
from tests.support.boards import RANGE_SECONDS, STEP_SECONDS, PanelQuery
from tests.support.grafana import Grafana, is_preview
from tests.support.loki import Loki
from tests.support.prometheus import Prometheus

A_WEEK = "a young installation has no same time last week; a stack of more than 7 days fills it"
BLOCK_IO = "this kernel counts no block I/O by container; one with the io or blkio controller fills it"
NO_GATEWAY = "there is no gateway without GATEWAY=on"
NO_SENTRY = "the sandbox's tracker is Bugsink, not self-hosted Sentry"
# Queries of what runs only where somebody has switched it on.
OPTIONAL: dict[str, str] = {
    **dict.fromkeys((f"infrastructure: Gateway ({ref})" for ref in "AB"), NO_GATEWAY),
    **dict.fromkeys((f"infrastructure: {panel} (A)" for panel in ("Refusals", "Pushed", "Check")), NO_GATEWAY),
    **dict.fromkeys((f"infrastructure: Envelopes ({ref})" for ref in "AB"), NO_SENTRY),
    **dict.fromkeys(
        (f"infrastructure: {panel} (A)" for panel in ("Answers", "Events dropped", "Queues", "Tasks")), NO_SENTRY
    ),
}
# Queries that are rightly empty on a stack that is well, each with the reason and what fills them.
QUIET: dict[str, str] = {
    **OPTIONAL,
    **dict.fromkeys(
        (
            *(f"erp-business: Orders against the expected ({ref})" for ref in "BCD"),
            *(f"erp-business: Log-ins against the expected ({ref})" for ref in "BCD"),
            "erp-business: Revenue against the expected (B)",
            "overview: Requests a week ago (B)",
        ),
        A_WEEK,
    ),
    **dict.fromkeys(
        (f"{board}: Disk I/O ({ref})" for board in ("database", "infrastructure") for ref in "AB"), BLOCK_IO
    ),
}


class Answers(Protocol):
    """`name` is what the report says of where the answers came from."""

    name: str

    def series(self, query: PanelQuery, start: float, end: float, step: float) -> list[list[float]]: ...


class Direct:
    name = "straight from Prometheus and Loki"

    def __init__(self, prometheus: Prometheus | None = None, loki: Loki | None = None) -> None:
        self._sources: dict[str, Prometheus | Loki] = {"prometheus": prometheus or Prometheus(), "loki": loki or Loki()}

    def series(self, query: PanelQuery, start: float, end: float, step: float) -> list[list[float]]:
        return self._sources[query.kind].query_range(query.expression, start, end, step)


class ThroughGrafana:
    name = "through Grafana's query API"

    def __init__(self) -> None:
        self._grafana = Grafana()
        self._uids = {each["type"]: each["uid"] for each in self._grafana.data_sources()}

    def series(self, query: PanelQuery, start: float, end: float, step: float) -> list[list[float]]:
        uid = self._uids[query.kind]
        return self._grafana.query_range(uid, query.expression, start, end, step, kind=query.kind)


def available_answers() -> list[Answers]:
    """Both ways where Grafana is part of this machine's stack, else the direct one alone."""
    return [Direct()] if is_preview() else [Direct(), ThroughGrafana()]


def numbers(answers: Answers, query: PanelQuery, since: float = 0) -> list[float]:
    """The values that the panel would draw for its last quarter of an hour, or since then; NaN left out."""
    now = time.time()
    series = answers.series(query, max(since, now - RANGE_SECONDS), now, STEP_SECONDS)
    return [value for values in series for value in values if not math.isnan(value)]


def metrics_of(query: PanelQuery) -> set[str]:
    """The metrics that a filled Prometheus query reads; none of a Loki query."""
    if query.kind != "prometheus":
        return set()
    nodes = promql.walk(ast.parse(query.expression))
    return {str(node.name) for node in nodes if isinstance(node, ast.VectorSelector)}


def without_constants(query: PanelQuery) -> PanelQuery:
    """`x or vector(0)` as `x`: a number that is made up proves nothing."""
    if query.kind != "prometheus":
        return query
    return replace(query, expression=_without(ast.parse(query.expression)))


def nowhere(query: PanelQuery) -> PanelQuery:
    """The query with every metric, or the first label of every log selector, renamed to what nobody has."""
    if query.kind != "prometheus":
        return replace(query, expression=re.sub(r"\{(\w+)", r"{nobody_has_this_label", query.expression))
    renamed = query.expression
    for metric in sorted(metrics_of(query), key=len, reverse=True):
        renamed = re.sub(rf"(?<![\w:]){re.escape(metric)}(?![\w:])", f"{metric}_renamed", renamed)
    return replace(query, expression=renamed)


def _without(node: ast.Expr) -> str:
    if isinstance(node, ast.BinaryExpr) and str(node.op) == "or" and not _reads(node.rhs):
        return _without(node.lhs)
    return promql.assemble(node, {name: _without(child) for name, child in promql.children(node)})


def _reads(node: ast.Expr) -> bool:
    return any(isinstance(each, ast.VectorSelector) for each in promql.walk(node))
