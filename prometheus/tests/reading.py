"""The rules and their cases as tests read them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import promql_parser as ast

from prometheus.tests import promql
from prometheus.tests.laboratory import RULES, load, names, title
from prometheus.tests.mutators import Rule

# Metrics that appear only after the event, each with what brings it.
AFTER_THE_EVENT: dict[str, str] = {}


@dataclass(frozen=True)
class Assertion:
    """What a case expects of an alert at one moment; nothing expected: it is silent."""

    file: str
    alert: str
    expected: tuple[dict[str, str], ...]


@cache
def groups() -> tuple[tuple[str, dict[str, Any]], ...]:
    """Every group of rules with the name of its file."""
    return tuple((file, group) for file in names() for group in load(RULES / f"{file}.yml")["groups"])


@cache
def all_rules() -> tuple[tuple[str, Rule], ...]:
    """Every rule with the name of its file."""
    return tuple((file, rule) for file, group in groups() for rule in group["rules"])


def alerts() -> list[tuple[str, Rule]]:
    return [(file, rule) for file, rule in all_rules() if "alert" in rule]


def called(file: str, rule: Rule) -> str:
    return f"{file}: {title(rule)}"


def alert_ids() -> list[str]:
    """What each alert is called in a test's name; the second of one name and tier is #2."""
    found: list[str] = []
    for name in (called(*each) for each in alerts()):
        before = sum(each.partition(" #")[0] == name for each in found)
        found.append(f"{name} #{before + 1}" if before else name)
    return found


@cache
def assertions() -> tuple[Assertion, ...]:
    """Every assertion about an alert in every test file, with the labels of the alerts that it expects."""
    return tuple(
        Assertion(path.stem.removesuffix("_test"), each["alertname"], _labels(each))
        for path in sorted((RULES / "tests").glob("*_test.yml"))
        for case in load(path)["tests"]
        for each in case.get("alert_rule_test") or []
        if "alertname" in each
    )


def selectors(rule: Rule) -> Iterator[ast.VectorSelector]:
    """Every selector of a rule's expression; the walk goes into those with a window too."""
    for node in promql.walk(ast.parse(str(rule["expr"]))):
        if isinstance(node, ast.VectorSelector):
            yield node


def recorded() -> set[str]:
    return {rule["record"] for _, rule in all_rules() if "record" in rule}


def metric_of(selector: ast.VectorSelector) -> str:
    named = [each.value for each in selector.matchers.matchers if each.name == "__name__"]
    if not (selector.name or named):
        raise LookupError(f"Expected a metric's name in the selector {promql.render(selector)}.")
    return str(selector.name or named[0])


def metrics_read() -> dict[str, set[str]]:
    """Every metric that rules read, recorded series excepted, with the rules that do."""
    found: dict[str, set[str]] = {}
    for file, rule in all_rules():
        for selector in selectors(rule):
            found.setdefault(metric_of(selector), set()).add(called(file, rule))
    return {metric: readers for metric, readers in found.items() if metric not in recorded() | {"ALERTS"}}


def _labels(assertion: dict[str, Any]) -> tuple[dict[str, str], ...]:
    return tuple(dict(each.get("exp_labels") or {}) for each in assertion.get("exp_alerts") or [])
