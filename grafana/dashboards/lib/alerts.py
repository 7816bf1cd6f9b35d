"""What the rules say of alerts: whose board they lead to, and the limits that panels draw."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import promql_parser as ast

from grafana.dashboards.lib import style
from loki import rule_files as log_rules
from prometheus import promql, rule_files, thresholds

OVERVIEW, DATABASE, CELERY = "overview", "database", "celery"
INFRASTRUCTURE, BUSINESS = "infrastructure", "erp-business"
# Each file of rules belongs to one board: its alerts lead there, and the board lists them.
BOARD_OF = {
    **dict.fromkeys(
        (
            "availability",
            "baseline",
            "certificates",
            "clocks",
            "errors",
            "external",
            "http",
            "slo",
            "slo-erp",
            "traffic",
        ),
        OVERVIEW,
    ),
    **dict.fromkeys(("lines", "logs"), OVERVIEW),
    "database": DATABASE,
    "celery": CELERY,
    **dict.fromkeys(
        (
            "account",
            "agents",
            "backup",
            "gateway",
            "host",
            "redis",
            "scrapes",
            "self",
            "sentry",
            "storage",
            "targets",
            "traces",
        ),
        INFRASTRUCTURE,
    ),
    "business": BUSINESS,
}
ALSO = {INFRASTRUCTURE: "monitoring"}  # boards whose alerts are this application's, whichever is chosen
UNLISTED = {"Watchdog": "it always fires, and is missed elsewhere"}
COLOURS = {"warning": style.WARNING, "critical": style.BAD}
Groups = tuple[tuple[str, dict[str, Any]], ...]
LEAST = 0.001  # what is drawn for "more than 0"


@dataclass(frozen=True)
class Watch:
    """The alerts that watch what a panel shows, and the colours of the values from which they fire."""

    alerts: tuple[str, ...] = ()
    steps: tuple[tuple[float, str], ...] = ()
    base: str = style.GOOD


@dataclass(frozen=True)
class Limit:
    value: float
    above: bool  # it fires above the value; else below
    reads: str  # what is compared with it


@dataclass(frozen=True)
class Alert:
    """`evaluated` selects a series that is there while its group is evaluated."""

    name: str
    evaluated: str
    severity: str
    board: str
    limits: tuple[Limit, ...] = field(default=())


@cache
def alerts() -> tuple[Alert, ...]:
    """Every tier of every alert."""
    of_series = _alerts(rule_files.groups(), "prometheus_rule_group_rules")
    of_lines = _alerts(log_rules.groups(), "loki_prometheus_rule_group_rules")
    found = [replace(alert, limits=tuple(_limits(ast.parse(expression)))) for alert, expression in of_series]
    return (*found, *(alert for alert, _ in of_lines))


def _alerts(groups: Groups, evaluated: str) -> Iterator[tuple[Alert, str]]:
    """Every tier of every alert of these groups with its expression."""
    for file, group in groups:
        for rule in group["rules"]:
            if "alert" in rule:
                selector = f'{evaluated}{{rule_group=~".*;{group["name"]}"}}'
                severity = str(rule["labels"]["severity"])
                yield Alert(rule["alert"], selector, severity, BOARD_OF[file]), str(rule["expr"])


def of_board(board: str) -> dict[str, str]:
    """The alerts that a board lists, each with a series that is there while it's evaluated, by name."""
    listed = {each.name: each.evaluated for each in alerts() if each.board == board and each.name not in UNLISTED}
    return dict(sorted(listed.items()))


def linked(*names: str) -> Watch:
    """The alerts of these names, without a line: they compare something else than what is shown."""
    _tiers(names)
    return Watch(names)


def watched(*names: str, reads: str = "") -> Watch:
    """The alerts of these names; drawn are the limits of those that compare what `reads` says."""
    tiers = _tiers(names)
    drawn = [(limit, each.severity) for each in tiers for limit in each.limits[:1] if not reads]
    if reads:
        drawn = [(limit, each.severity) for each in tiers for limit in each.limits if reads in limit.reads]
        if not drawn:
            raise LookupError(f"None of {', '.join(names)} compares {reads} with a number.")
    return _watch(names, drawn)


def _tiers(names: tuple[str, ...]) -> list[Alert]:
    tiers = [each for each in alerts() if each.name in names]
    if missing := set(names) - {each.name for each in tiers}:
        raise LookupError(f"No rule file has the alerts {', '.join(sorted(missing))}.")
    return tiers


def _watch(names: tuple[str, ...], drawn: list[tuple[Limit, str]]) -> Watch:
    """Above a limit its tier's colour holds up to the next one; below, the other way round."""
    colours: dict[float, str] = {}
    for limit, severity in drawn:
        if colours.get(limit.value) != style.BAD:
            colours[limit.value] = COLOURS[severity]
    if len({limit.above for limit, _ in drawn}) > 1:
        raise ValueError(f"{', '.join(names)} have limits above and below; name one by `reads`.")
    values = sorted(colours)
    if drawn and not drawn[0][0].above:
        upwards = [*(colours[value] for value in values[1:]), style.GOOD]
        return Watch(names, tuple(zip(values, upwards, strict=True)), base=colours[values[0]])
    return Watch(names, tuple((value or LEAST, colours[value]) for value in values))


def _number(node: ast.Expr) -> float | None:
    """A number, or the default of a threshold that an application can have for itself."""
    if isinstance(node, ast.NumberLiteral):
        return float(node.val)
    return thresholds.default(node) if isinstance(node, ast.VectorSelector) else None


def _limits(node: ast.Expr, *, negated: bool = False) -> Iterator[Limit]:
    """Every comparison with a limit, outer before inner; after `unless` the other side of it fires."""
    match node:
        case ast.BinaryExpr():
            symbol, right = str(node.op), node.rhs
            if symbol[0] in "<>" and (value := _number(right)) is not None:
                yield Limit(value, (symbol[0] == ">") != negated, promql.render(node.lhs))
            yield from _limits(node.lhs, negated=negated)
            yield from _limits(right, negated=negated != (symbol == "unless"))
        case _:
            for _, child in promql.children(node):
                yield from _limits(child, negated=negated)
