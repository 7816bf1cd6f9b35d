"""PromQL read by promql-parser and written back by us: the parser's own text loses the escapes of strings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import promql_parser as ast
from promql_parser import Expr, parse

# By the text of the parser's values, which have no hash.
OPERATORS = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}
SIDES = {"VectorMatchCardinality.ManyToOne": "group_left", "VectorMatchCardinality.OneToMany": "group_right"}


def render(node: Expr) -> str:
    """The text of a parsed expression; Prometheus reads it as it reads the original."""
    return assemble(node, {name: render(child) for name, child in children(node)})


def children(node: Expr) -> list[tuple[str, Expr]]:
    """The expressions directly inside a node, by the name of their place."""
    match node:
        case ast.BinaryExpr():
            return [("lhs", node.lhs), ("rhs", node.rhs)]
        case ast.AggregateExpr():
            parameter = [("param", as_expression(node.param))] if node.param is not None else []
            return [*parameter, ("expr", node.expr)]
        case ast.Call():
            return [(str(place), as_expression(each)) for place, each in enumerate(node.args)]
        case ast.ParenExpr() | ast.UnaryExpr() | ast.SubqueryExpr():
            return [("expr", node.expr)]
        case ast.MatrixSelector():
            return [("vector_selector", node.vector_selector)]
        case ast.VectorSelector() | ast.NumberLiteral() | ast.StringLiteral():
            return []
    raise TypeError(f"No way to read a {type(node).__name__} of PromQL; add it to {__name__}.")


def as_expression(value: Any) -> Expr:
    return value if isinstance(value, Expr) else parse(value if isinstance(value, str) else number(value))


def walk(node: Expr) -> Iterator[Expr]:
    yield node
    for _, child in children(node):
        yield from walk(child)


def assemble(node: Expr, inside: dict[str, str]) -> str:
    """The text of a node around the texts of what is directly inside it."""
    match node:
        case ast.BinaryExpr():
            return f"{inside['lhs']} {operator(node)} {inside['rhs']}"
        case ast.AggregateExpr():
            return f"{node.op}{_grouping(node.modifier)}({', '.join(inside.values())})"
        case ast.Call():
            return f"{node.func.name}({', '.join(inside.values())})"
        case ast.ParenExpr():
            return f"({inside['expr']})"
        case ast.UnaryExpr():
            return f"-{inside['expr']}"
        case ast.SubqueryExpr():
            step = duration(node.step) if node.step else ""
            return f"{inside['expr']}[{duration(node.range or timedelta())}:{step}]{_shift(node)}"
        case ast.MatrixSelector():
            return with_range(node, node.range)
        case ast.VectorSelector():
            return selector(node, node.matchers.matchers) + _shift(node)
        case ast.NumberLiteral():
            return number(node.val)
        case ast.StringLiteral():
            return json.dumps(node.val, ensure_ascii=False)
    raise TypeError(f"No way to write a {type(node).__name__} of PromQL; add it to {__name__}.")


def operator(node: ast.BinaryExpr, symbol: str = "") -> str:
    """`and on (job)`, `> bool`: an operator, or another in its place, with what modifies it."""
    words = [symbol or str(node.op)]
    if modifier := node.modifier:
        if modifier.return_bool:
            words.append("bool")
        if modifier.matching:
            include = modifier.matching.type == ast.LabelModifierType.Include
            words.append(f"{'on' if include else 'ignoring'} ({', '.join(modifier.matching.labels)})")
        if side := SIDES.get(str(modifier.card)):
            words.append(f"{side} ({', '.join(modifier.group_labels or [])})")
    return " ".join(words)


def grouping(modifier: ast.AggModifier, labels: list[str]) -> str:
    return f"{'by' if modifier.type == ast.AggModifierType.By else 'without'} ({', '.join(labels)})"


def selector(node: ast.VectorSelector, matchers: list[ast.Matcher]) -> str:
    """Name and matchers, without the offset."""
    if node.matchers.or_matchers:
        raise TypeError(f"No way to write the `or` between the matchers of {node.name}; add it to {__name__}.")
    inside = ",".join(matcher(each) for each in matchers)
    return f"{node.name or ''}{{{inside}}}" if inside or not node.name else str(node.name)


def matcher(each: ast.Matcher) -> str:
    return f"{each.name}{OPERATORS[str(each.op)]}{json.dumps(each.value, ensure_ascii=False)}"


def with_range(node: ast.MatrixSelector, window: timedelta) -> str:
    vector = node.vector_selector
    return f"{selector(vector, vector.matchers.matchers)}[{duration(window)}]{_shift(vector)}"


def number(value: float) -> str:
    return f"{value:.12g}"


def duration(value: timedelta) -> str:
    return str(ast.display_duration(value))


def _grouping(modifier: ast.AggModifier | None) -> str:
    return f" {grouping(modifier, modifier.labels)} " if modifier else ""


def _shift(node: ast.VectorSelector | ast.SubqueryExpr) -> str:
    if node.at is not None:
        raise TypeError(f"No way to write the @ modifier of {node}; add it to {__name__}.")
    if not node.offset:
        return ""
    sign = "-" if node.offset < timedelta() else ""
    return f" offset {sign}{duration(abs(node.offset))}"
