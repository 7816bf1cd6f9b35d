"""The rules that every board keeps; those that Grafana's dashboard-linter has too bear its names.

Every rule takes a board as Grafana reads it and yields sentences about what is wrong with it.
"""

import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

import promql_parser as ast

from ops.paths import ROOT
from prometheus import promql
from prometheus.rule_files import recorded
from tests.support.boards import FOLDER, VARIABLE, PanelQuery, built_in, fill, panel_queries, panels_of, variables

Board = dict[str, Any]
Rule = Callable[[Board], Iterator[str]]

RUNBOOKS = ROOT / "docs" / "runbooks"
SOURCES = {"${datasource}": "prometheus", "${logs}": "loki"}
DRAWABLE = {"timeseries", "stat", "bargauge", "gauge", "table", "logs"}  # what the preview draws
TRANSFORMATIONS = {"merge", "organize"}
WIDTH = 24
WORDS = 3  # of a description
OVER_ALL = {"stat", "bargauge", "gauge", "table"}  # panels that may count over the chosen time
OF_AN_APPLICATION = re.compile(
    r"^(django|celery|external|sentry|erp|http|build|pg|redis|docker|probe|metrics|spans|promtail_log)_\w+$"
    r"|^(service|service_view|api|queue|task|datname|slo|erp|event):"
)
IDENTITY = ("application", "env", "service", "job")
EVERY_APPLICATION = {"Applications", "Cost"}  # panels that show the same whatever is chosen
COUNTER = re.compile(r"_(total|bucket)$")
BRACKETS = (("{", "}"), ("(", ")"), ("[", "]"))
INSIDE = re.compile(r"\{[^{}]+\}")
WINDOW = re.compile(r"\b(?:rate|increase|irate)\(.*?\[([^\]]+)\]")
LOG_WINDOW = re.compile(r"\[([^\]]+)\]")
BOARD_ADDRESS = re.compile(r"^/d/([\w-]+)")
RUNBOOK_ADDRESS = re.compile(r"/user/docs/runbooks/([\w.${}-]*)$")
VARIABLE_OF_ADDRESS = re.compile(r"\$\{(\w+)(?:[.:][\w.]+)?\}")
KNOWN_IN_ADDRESSES = {"__from", "__to", "__url_time_range", "__data", "__field"}


def findings(board: Board) -> list[str]:
    return [f"{board['uid']}: {sentence} ({name})" for name, rule in RULES.items() for sentence in rule(board)]


def data_panels(board: Board) -> list[dict[str, Any]]:
    return [panel for panel in panels_of(board) if panel["type"] != "row"]


def defaults_of(panel: dict[str, Any]) -> dict[str, Any]:
    return dict(panel.get("fieldConfig", {}).get("defaults", {}))


def named(panels: Iterable[dict[str, Any]], sentence: str) -> Iterator[str]:
    for panel in panels:
        yield f"{panel.get('title') or panel['id']} {sentence}"


def ids_are_unique(board: Board) -> Iterator[str]:
    ids = [panel["id"] for panel in panels_of(board)]
    yield from (f"the id {each} is there twice" for each in sorted({each for each in ids if ids.count(each) > 1}))
    titles = [panel["title"] for panel in data_panels(board)]
    yield from (f"the title {each} is there twice" for each in sorted({t for t in titles if titles.count(t) > 1}))


def panels_lie_side_by_side(board: Board) -> Iterator[str]:
    """In the board, and in each collapsed row, whose panels have places of their own."""
    for panels in [board["panels"], *(panel.get("panels", []) for panel in board["panels"])]:
        taken: set[tuple[int, int]] = set()
        for panel in panels:
            place = panel["gridPos"]
            columns = range(place["x"], place["x"] + place["w"])
            cells = set(itertools.product(columns, range(place["y"], place["y"] + place["h"])))
            if cells & taken or place["x"] + place["w"] > WIDTH:
                yield f"{panel['title']} lies over another panel or beyond the edge"
            taken |= cells


def template_datasource_rule(board: Board) -> Iterator[str]:
    found = {f"${{{each['name']}}}": each["query"] for each in variables(board) if each["type"] == "datasource"}
    if found != SOURCES:
        yield f"has the data source variables {found}"


def panel_datasource_rule(board: Board) -> Iterator[str]:
    for panel in data_panels(board):
        if SOURCES.get(panel.get("datasource", {}).get("uid")) != panel.get("datasource", {}).get("type"):
            yield f"{panel['title']} asks no source by variable"


def every_variable_is_used(board: Board) -> Iterator[str]:
    text = " ".join(query.expression for query in panel_queries(board))
    for variable in variables(board):
        if variable["type"] == "query" and f"${variable['name']}" not in text:
            yield f"${variable['name']} is used by no panel"


def every_variable_of_a_query_is_defined(board: Board) -> Iterator[str]:
    known = {each["name"] for each in variables(board)} | set(built_in())
    for query in panel_queries(board):
        unknown = {braced or plain for braced, plain in VARIABLE.findall(query.expression)} - known
        yield from (
            f"{query.name} uses ${name}, but the board has no variable of that name" for name in sorted(unknown)
        )


def panels_can_be_drawn(board: Board) -> Iterator[str]:
    yield from named((p for p in data_panels(board) if p["type"] not in DRAWABLE), "is of a kind that isn't drawn")
    for panel in data_panels(board):
        used = {each["id"] for each in panel.get("transformations", [])}
        if used - TRANSFORMATIONS:
            yield f"{panel['title']} is transformed by {used - TRANSFORMATIONS}"


def panel_title_description_rule(board: Board) -> Iterator[str]:
    untold = [p for p in data_panels(board) if len((p.get("description") or "").split()) < WORDS or not p["title"]]
    yield from named(untold, "has no title or description")


def panel_units_rule(board: Board) -> Iterator[str]:
    unitless = [p for p in data_panels(board) if p["type"] != "logs" and not defaults_of(p).get("unit")]
    yield from named(unitless, "has no unit")


def panel_no_targets_rule(board: Board) -> Iterator[str]:
    yield from named((panel for panel in data_panels(board) if not panel.get("targets")), "asks nothing")
    yield from (f"{query.name} is empty" for query in panel_queries(board) if not query.expression.strip())


def target_rate_interval_rule(board: Board) -> Iterator[str]:
    yield from _odd_windows(board, "prometheus", WINDOW, "$__rate_interval")


def target_logql_auto_rule(board: Board) -> Iterator[str]:
    yield from _odd_windows(board, "loki", LOG_WINDOW, "$__auto")


def target_promql_rule(board: Board) -> Iterator[str]:
    marks = [each for each in board["annotations"]["list"] if "expr" in each]
    asked = [PanelQuery(board["uid"], each["name"], "", "prometheus", each["expr"]) for each in marks]
    for query in [*panel_queries(board), *asked]:
        if query.kind == "prometheus":
            try:
                ast.parse(readable(board, query))
            except (ValueError, LookupError) as error:
                yield f"{query.name} doesn't parse: {error}"


def target_logql_rule(board: Board) -> Iterator[str]:
    for query in panel_queries(board):
        if query.kind == "loki" and any(
            query.expression.count(left) != query.expression.count(right) for left, right in BRACKETS
        ):
            yield f"{query.name} has brackets without an end"


def lines_are_chosen_by_variable(board: Board) -> Iterator[str]:
    for query in panel_queries(board):
        if query.kind == "loki" and not INSIDE.search(query.expression):
            yield f"{query.name} selects no lines"
        elif query.kind == "loki" and "$" not in INSIDE.findall(query.expression)[0] and "(" not in query.expression:
            yield f"{query.name} leaves no choice of services"


def target_application_rule(board: Board) -> Iterator[str]:
    """Another application works without editing: none is named, and each is asked for by the board's choice."""
    for query, node in selectors(board):
        asked = {each.name: each.value for each in node.matchers.matchers if each.name in IDENTITY}
        if (
            OF_AN_APPLICATION.match(node.name or "")
            and query.panel not in EVERY_APPLICATION
            and "$application" not in asked.get("application", "")
        ):
            yield f"{query.name} reads {node.name} of every application"
        if any("erp" in value for value in asked.values()):
            yield f"{query.name} names an application: {asked}"


def target_counter_agg_rule(board: Board) -> Iterator[str]:
    for query, tree in trees(board):
        yield from (f"{query.name} shows the counter {name}" for name in _bare(tree) if COUNTER.search(name))


def recorded_series_exist(board: Board) -> Iterator[str]:
    for query, node in selectors(board):
        if ":" in (node.name or "") and node.name not in recorded():
            yield f"{query.name} reads {node.name}, which no rule records"


def links_resolve(board: Board) -> Iterator[str]:
    known = {each["name"] for each in variables(board)} | KNOWN_IN_ADDRESSES
    boards = {path.stem for path in FOLDER.glob("*.json")}
    for address in addresses(board):
        runbook = RUNBOOK_ADDRESS.search(address)
        if runbook and runbook[1] and "$" not in runbook[1] and not (RUNBOOKS / runbook[1]).is_file():
            yield f"no runbook is at {address}"
        if address.startswith("/d/") and not set(BOARD_ADDRESS.findall(address)) <= boards:
            yield f"no board is at {address}"
        if not address.startswith(("/d/", "/explore?", "/api/datasources/proxy/uid/")):
            yield f"{address} is no address of Grafana's"
        if unknown := set(VARIABLE_OF_ADDRESS.findall(address)) - known:
            yield f"{address} uses the unknown {unknown}"


def readable(board: Board, query: PanelQuery) -> str:
    """The query as PromQL: windows filled in, the board's choices left as they are."""
    choices = {each["name"]: f"${each['name']}" for each in variables(board)}
    return fill(query.expression, {**choices, **built_in()})


def trees(board: Board) -> Iterator[tuple[PanelQuery, ast.Expr]]:
    """The Prometheus queries that parse; another rule tells of the rest."""
    for query in panel_queries(board):
        if query.kind == "prometheus":
            with suppress(ValueError, LookupError):
                yield query, ast.parse(readable(board, query))


def selectors(board: Board) -> Iterator[tuple[PanelQuery, ast.VectorSelector]]:
    for query, tree in trees(board):
        yield from ((query, node) for node in promql.walk(tree) if isinstance(node, ast.VectorSelector))


def addresses(board: Board) -> Iterator[str]:
    """Every address that a board, a panel or a cell links to."""
    for holder in [board, *data_panels(board)]:
        for link in [*(holder.get("links") or []), *(defaults_of(holder).get("links") or [])]:
            if link["type"] == "link":
                yield str(link["url"])


def _odd_windows(board: Board, kind: str, pattern: re.Pattern[str], wanted: str) -> Iterator[str]:
    over_all = {panel["title"] for panel in data_panels(board) if panel["type"] in OVER_ALL}
    for query in panel_queries(board):
        allowed = {wanted, "$__range"} if query.panel in over_all else {wanted}
        if query.kind == kind and (odd := set(pattern.findall(query.expression)) - allowed):
            yield f"{query.name} has the window {odd}; expected {allowed}"


def _bare(node: ast.Expr) -> Iterator[str]:
    """The metrics whose values are read, without a window; counting series reads none."""
    counting = isinstance(node, ast.AggregateExpr) and str(node.op) == "count"
    if isinstance(node, ast.VectorSelector):
        yield node.name or ""
    elif not isinstance(node, ast.MatrixSelector) and not counting:
        for _, child in promql.children(node):
            yield from _bare(child)


RULES: dict[str, Rule] = {
    "template-datasource-rule": template_datasource_rule,
    "panel-datasource-rule": panel_datasource_rule,
    "panel-title-description-rule": panel_title_description_rule,
    "panel-units-rule": panel_units_rule,
    "panel-no-targets-rule": panel_no_targets_rule,
    "target-promql-rule": target_promql_rule,
    "target-logql-rule": target_logql_rule,
    "target-logql-auto-rule": target_logql_auto_rule,
    "target-rate-interval-rule": target_rate_interval_rule,
    "target-application-rule": target_application_rule,
    "target-counter-agg-rule": target_counter_agg_rule,
    # The rest is this repository's own.
    "ids-are-unique": ids_are_unique,
    "panels-lie-side-by-side": panels_lie_side_by_side,
    "every-variable-is-used": every_variable_is_used,
    "every-variable-of-a-query-is-defined": every_variable_of_a_query_is_defined,
    "panels-can-be-drawn": panels_can_be_drawn,
    "lines-are-chosen-by-variable": lines_are_chosen_by_variable,
    "recorded-series-exist": recorded_series_exist,
    "links-resolve": links_resolve,
}
