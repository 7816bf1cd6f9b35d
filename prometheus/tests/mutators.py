"""Small faults planted into a rule, one at a time, such as a slip of the hand would make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import promql_parser as ast
from promql_parser import Expr, parse, parse_duration

from prometheus import promql
from prometheus.rule_files import Rule

FLIPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "!=", "!=": "=="}
OTHER_SEVERITY = {"critical": "warning", "warning": "critical", "info": "warning", "none": "critical"}
# Functions whose numbers are a measure of ours, like the operands of an operator; others' are no threshold.
MEASURING = {"predict_linear", "clamp", "clamp_min", "clamp_max"}
SHOWN = 48


@dataclass(frozen=True)
class Mutant:
    """`change` says in a few words what was done; it is unique within its rule."""

    change: str
    rule: Rule


def mutants(rule: Rule) -> list[Mutant]:
    """Every mutant of one rule, alerting or recording."""
    found = [(change, {**rule, "expr": text}) for change, text in expression_mutants(parse(str(rule["expr"])))]
    found += _delay_mutants(rule)
    severity = rule.get("labels", {}).get("severity")
    if severity in OTHER_SEVERITY and "alert" in rule:
        other = OTHER_SEVERITY[severity]
        labels = {**rule["labels"], "severity": other}
        found.append((f"severity {severity} becomes {other}", {**rule, "labels": labels}))
    seen: Counter[str] = Counter()
    named = []
    for change, mutated in found:
        seen[change] += 1
        named.append(Mutant(change if seen[change] == 1 else f"{change} ({seen[change]})", mutated))
    return named


def expression_mutants(node: Expr, *, measures: bool = False) -> Iterator[tuple[str, str]]:
    """(what was changed, the expression's text with it) for every place inside `node`.

    `measures`: a number here is compared or calculated with.
    """
    yield from _own(node, measures)
    inside = promql.children(node)
    texts = {place: promql.render(child) for place, child in inside}
    passes_on = isinstance(node, ast.ParenExpr | ast.UnaryExpr) and measures
    calculates = isinstance(node, ast.BinaryExpr) or (isinstance(node, ast.Call) and node.func.name in MEASURING)
    for place, child in inside:
        if isinstance(node, ast.MatrixSelector):
            yield from _matrix_matchers(node)
            continue
        for change, text in expression_mutants(child, measures=calculates or passes_on):
            yield change, promql.assemble(node, {**texts, place: text})


def _own(node: Expr, measures: bool) -> Iterator[tuple[str, str]]:
    match node:
        case ast.BinaryExpr():
            yield from _operator(node)
        case ast.NumberLiteral() if measures and node.val:
            for value in (node.val * 3, node.val / 3):
                yield f"{promql.number(node.val)} becomes {value:.3g}", promql.number(value)
        case ast.AggregateExpr() if node.modifier:
            yield from _labels(node, node.modifier)
        case ast.VectorSelector():
            for change, text in _matchers(node):
                yield change, text + promql.render(node).removeprefix(promql.selector(node, node.matchers.matchers))
        case ast.MatrixSelector():
            longer = node.range * 6
            change = f"window {promql.duration(node.range)} of {node.vector_selector.name}"
            yield f"{change} becomes {promql.duration(longer)}", promql.with_range(node, longer)
        case ast.SubqueryExpr() if node.range:
            text = promql.render(node)
            inner = promql.render(node.expr)
            old, new = (f"[{promql.duration(window)}:" for window in (node.range, node.range * 6))
            change = f"window {promql.duration(node.range)} of a subquery becomes {promql.duration(node.range * 6)}"
            yield change, inner + text.removeprefix(inner).replace(old, new, 1)


def _operator(node: ast.BinaryExpr) -> Iterator[tuple[str, str]]:
    symbol = str(node.op).strip()
    left, right = promql.render(node.lhs), promql.render(node.rhs)
    if symbol in FLIPPED:
        change = f"{symbol} {_short(right)} becomes {FLIPPED[symbol]}"
        yield change, f"{left} {promql.operator(node, FLIPPED[symbol])} {right}"
    if symbol == "and":
        # In brackets: `or` binds less than what may stand around.
        yield f"and {_short(right)} becomes or", f"({left} {promql.operator(node, 'or')} {right})"
    if symbol == "unless":
        yield f"unless {_short(right)} dropped", left


def _labels(node: ast.AggregateExpr, modifier: ast.AggModifier) -> Iterator[tuple[str, str]]:
    inside = ", ".join(promql.render(child) for _, child in promql.children(node))
    for label in modifier.labels:
        rest = promql.grouping(modifier, [each for each in modifier.labels if each != label])
        change = f"{label} of {node.op} {promql.grouping(modifier, modifier.labels)} dropped"
        yield change, f"{node.op} {rest} ({inside})"


def _matchers(node: ast.VectorSelector) -> Iterator[tuple[str, str]]:
    """Without offset. The last matcher of a selector without a name stays: Prometheus refuses an empty one."""
    matchers = node.matchers.matchers
    for place, each in enumerate(matchers):
        rest = [*matchers[:place], *matchers[place + 1 :]]
        if rest or node.name:
            yield f"{promql.matcher(each)} of {node.name or 'a selector'} dropped", promql.selector(node, rest)


def _matrix_matchers(node: ast.MatrixSelector) -> Iterator[tuple[str, str]]:
    vector = node.vector_selector
    behind = promql.render(node).removeprefix(promql.selector(vector, vector.matchers.matchers))
    for change, text in _matchers(vector):
        yield change, text + behind


def _delay_mutants(rule: Rule) -> Iterator[tuple[str, Rule]]:
    if str(rule.get("for", "0s")) not in ("0", "0s", "0m"):
        longer = promql.duration(parse_duration(rule["for"]) * 3)
        yield f"for {rule['for']} dropped", {key: value for key, value in rule.items() if key != "for"}
        yield f"for {rule['for']} becomes {longer}", {**rule, "for": longer}


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
