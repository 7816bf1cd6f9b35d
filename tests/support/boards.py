"""Takes the committed boards apart: each panel's queries, with the variables filled in as Grafana would."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from ops.paths import ROOT

FOLDER = ROOT / "grafana" / "dashboards" / "generated"
STEP_SECONDS = 15
SCRAPE_SECONDS = 10
RANGE_SECONDS = 15 * 60
ANYTHING = "..*"
VARIABLE = re.compile(r"\$\{(\w+)(?::[^}]*)?\}|\$([A-Za-z_]\w*)")
LABEL_VALUES = re.compile(r"^label_values\(\s*(?:(?P<matcher>.+),)?\s*(?P<label>\w+)\s*\)$", re.DOTALL)

LabelValues = Callable[[str, str], list[str]]


@dataclass(frozen=True)
class PanelQuery:
    board: str
    panel: str
    ref: str
    kind: str  # prometheus or loki
    expression: str

    @property
    def name(self) -> str:
        return f"{self.board}: {self.panel} ({self.ref})"

    def filled(self, values: Mapping[str, str]) -> PanelQuery:
        return replace(self, expression=fill(self.expression, values))


@cache
def load_boards() -> dict[str, dict[str, Any]]:
    """The committed boards by uid."""
    boards = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))]
    return {board["uid"]: board for board in boards}


def panel_queries(board: Mapping[str, Any]) -> list[PanelQuery]:
    """The queries of every panel, those in collapsed rows too, variables still in them."""
    return [
        PanelQuery(board["uid"], panel["title"], target["refId"], panel["datasource"]["type"], target["expr"])
        for panel in panels_of(board)
        for target in panel.get("targets", [])
    ]


def first_row(board: Mapping[str, Any]) -> dict[str, Any]:
    """The board with nothing but the panels above its first row title."""
    panels = list(itertools.takewhile(lambda panel: panel["type"] != "row", board["panels"]))
    return {**board, "panels": panels}


def filled_queries(span: int = RANGE_SECONDS, step: int = STEP_SECONDS) -> list[PanelQuery]:
    """Every query of every committed board, ready to be asked about `span` seconds."""
    return [
        query.filled(values_of(board, span, step)) for board in load_boards().values() for query in panel_queries(board)
    ]


def variables(board: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(board.get("templating", {}).get("list", []))


def values_of(board: Mapping[str, Any], span: int = RANGE_SECONDS, step: int = STEP_SECONDS) -> dict[str, str]:
    """What each variable stands for when the board opens on `span` seconds: each of ours opens on All.

    Without a value for All it is one application, or a list of services, that only the running stack knows: anything
    stands for it.
    """
    chosen = {each["name"]: each.get("allValue", ANYTHING) for each in variables(board) if each["type"] == "query"}
    return {**built_in(span, step), **chosen}


def offered_values(variable: Mapping[str, Any], values: Mapping[str, str], label_values: LabelValues) -> list[str]:
    """What a query variable lets one choose from."""
    found = LABEL_VALUES.match(variable["query"])
    if not found:
        raise LookupError(f"${variable['name']} has the query `{variable['query']}`; expected label_values(…).")
    return label_values(found["label"], fill((found["matcher"] or "").strip(), values))


def fill(expression: str, values: Mapping[str, str]) -> str:
    """Replace $name, ${name} and ${name:format}; an unknown name is an error."""

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name not in values:
            raise LookupError(f"The query `{expression}` uses ${name}, which its board doesn't define.")
        return values[name]

    return VARIABLE.sub(value, expression)


def built_in(span: int = RANGE_SECONDS, step: int = STEP_SECONDS) -> dict[str, str]:
    return {
        "__interval": f"{step}s",
        "__interval_ms": str(step * 1000),
        "__auto": f"{step}s",
        "__rate_interval": f"{max(step + SCRAPE_SECONDS, 4 * SCRAPE_SECONDS)}s",
        "__range": f"{span}s",
        "__range_s": str(span),
        "__range_ms": str(span * 1000),
    }


def panels_of(board: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every panel and every row, those in collapsed rows too."""
    for panel in board.get("panels", []):
        yield panel
        yield from panel.get("panels", [])
