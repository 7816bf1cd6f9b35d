"""What the unit tests of the rules expect of each alert."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from prometheus.rule_files import CASES, alerts, load, title

FIRING = re.compile(r'ALERTS\{alertname="(\w+)", alertstate="firing"\}')


@dataclass(frozen=True)
class Assertion:
    """What a case expects of an alert at one moment. Nothing expected: the alert is silent."""

    file: str
    alert: str
    expected: tuple[dict[str, str], ...]


@cache
def assertions() -> tuple[Assertion, ...]:
    """Every assertion about an alert in every test file, with the labels of the alerts that it expects."""
    cases = [
        (path.stem.removesuffix("_test"), case)
        for path in sorted(CASES.glob("*_test.yml"))
        for case in load(path)["tests"]
    ]
    told = [
        Assertion(file, each["alertname"], _labels(each))
        for file, case in cases
        for each in case.get("alert_rule_test") or []
    ]
    never = [
        Assertion(file, found[1], ())
        for file, case in cases
        for each in case.get("promql_expr_test") or []
        if not each.get("exp_samples") and (found := FIRING.search(each["expr"]))
    ]
    return (*told, *never)


def alert_ids() -> list[str]:
    """What each alert is called in a test's name; the second of one name and tier is #2."""
    found: list[str] = []
    for name in (f"{file}: {title(rule)}" for file, rule in alerts()):
        before = sum(each.partition(" #")[0] == name for each in found)
        found.append(f"{name} #{before + 1}" if before else name)
    return found


def _labels(assertion: dict[str, Any]) -> tuple[dict[str, str], ...]:
    return tuple(dict(each.get("exp_labels") or {}) for each in assertion.get("exp_alerts") or [])
