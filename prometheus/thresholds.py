"""The thresholds that an application can have for itself in applications/NAME.toml, as the rules record them.

Each is recorded beside its alert: the application's own, or the default for every application that has none.
`python -m prometheus.thresholds PAGE` writes the page that lists them.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import promql_parser as ast

from prometheus import promql
from prometheus.rule_files import alerts, all_rules

SERIES = "application:alert_threshold:value"
OWN = "application:alert_threshold:own"
HEAD = """\
# Thresholds that an application can have for itself

`make reference` makes this page from `prometheus/rules`. `applications/NAME.toml` sets a threshold for one application
([applications/README.md](../../applications/README.md)); every other application has the default. What Prometheus uses
now: `application:alert_threshold:value`.

An alert fires when what is compared is above the threshold, for as long and under the other conditions that its rule
names. Boards draw the default.

| Alert | Severity | Default | What is compared |
|---|---|---|---|
"""


@dataclass(frozen=True)
class Threshold:
    alert: str
    severity: str
    default: float


def thresholds() -> dict[tuple[str, str], Threshold]:
    """By alert and severity."""
    found = {}
    for _, rule in all_rules():
        if rule.get("record") == SERIES:
            alert, severity = str(rule["labels"]["alert"]), str(rule["labels"]["severity"])
            numbers = [node.val for node in promql.walk(ast.parse(rule["expr"])) if isinstance(node, ast.NumberLiteral)]
            if len(numbers) != 1:
                raise LookupError(
                    f"The threshold of {alert}, {severity}, has {len(numbers)} numbers; expected its default."
                )
            found[alert, severity] = Threshold(alert, severity, numbers[0])
    return found


def default(selector: ast.VectorSelector) -> float | None:
    """Of a selector that names one threshold; None of another series."""
    if selector.name != SERIES:
        return None
    matchers = {each.name: each.value for each in selector.matchers.matchers}
    return thresholds()[matchers["alert"], matchers["severity"]].default


def compared(alert: str, severity: str) -> str:
    """The left side of the comparison with the threshold."""
    rules = [rule for _, rule in alerts() if (rule["alert"], rule["labels"]["severity"]) == (alert, severity)]
    for rule in rules:
        for node in promql.walk(ast.parse(str(rule["expr"]))):
            if (
                isinstance(node, ast.BinaryExpr)
                and isinstance(node.rhs, ast.VectorSelector)
                and node.rhs.name == SERIES
            ):
                return promql.render(node.lhs)
    raise LookupError(f"No rule of {alert}, {severity}, compares with its threshold.")


def page() -> str:
    rows = [
        f"| [{each.alert}](../runbooks/{each.alert}.md) | {each.severity} | {each.default:g} | "
        f"`{compared(each.alert, each.severity)}` |\n".replace("|idle", "\\|idle")
        for each in sorted(thresholds().values(), key=lambda each: (each.alert, each.severity))
    ]
    return HEAD + "".join(rows)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
