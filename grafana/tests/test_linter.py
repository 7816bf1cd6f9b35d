"""Whatever fault is planted into any panel, the linter finds it."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from grafana.tests.linter import WIDTH, Board, data_panels, findings
from tests.support.boards import load_boards

BOARDS = load_boards()
PANELS = [(uid, panel["title"]) for uid, board in BOARDS.items() for panel in data_panels(board)]
Fault = Callable[[Board, dict[str, Any]], object]


def _empty(_: Board, panel: dict[str, Any]) -> None:
    panel["targets"][0]["expr"] = ""


def _unbalance(_: Board, panel: dict[str, Any]) -> None:
    panel["targets"][0]["expr"] += ")"


FAULTS: dict[str, Fault] = {
    "an emptied query": _empty,
    "no query": lambda _, panel: panel["targets"].clear(),
    "a query that doesn't parse": _unbalance,
    "no description": lambda _, panel: panel.pop("description"),
    "no title": lambda _, panel: panel.update(title=""),
    "a fixed source": lambda _, panel: panel["datasource"].update(uid="prometheus"),
    "a kind that isn't drawn": lambda _, panel: panel.update(type="piechart"),
    "beyond the edge": lambda _, panel: panel["gridPos"].update(x=23),
    "the id of another": lambda board, panel: panel.update(id=board["panels"][1]["id"]),
    "a link to nowhere": lambda _, panel: panel.update(links=[{"type": "link", "url": "/d/nowhere"}]),
    "a runbook that isn't there": lambda _, panel: panel.update(
        links=[{"type": "link", "url": "/api/datasources/proxy/uid/x/user/docs/runbooks/ErpNothing.md"}]
    ),
}
UNITLESS = {"logs"}


@pytest.mark.parametrize("what", FAULTS)
def test_what_is_broken_in_a_panel_is_found(what: str) -> None:
    assert [place for place in PANELS if not findings_after(FAULTS[what], *place)] == []


def test_a_missing_unit_is_found() -> None:
    drawn = [(uid, title) for uid, title in PANELS if panel_of(BOARDS[uid], title)["type"] not in UNITLESS]
    assert [place for place in drawn if not findings_after(_take_unit, *place)] == []


QUERIES = {
    "a fixed window": ("[$__rate_interval]", "[1m]"),
    "an application by name": ('application=~"$application"', 'application=~"erp"'),
    "an application left out by name": ('application!~"|monitoring', 'application!~"erp|monitoring'),
    "the figures of every application": ('application=~"$application",', ""),
    "a variable that isn't there": ("$service", "$servant"),
    "a series without a recording rule": ("service:", "services:"),
}


@pytest.mark.parametrize("what", QUERIES)
def test_what_is_broken_in_a_query_is_found(what: str) -> None:
    before, after = QUERIES[what]
    places = [(uid, title) for uid, title in PANELS if before in str(panel_of(BOARDS[uid], title).get("targets"))]
    assert places
    replace = _replacing(before, after)
    assert [place for place in places if not findings_after(replace, *place)] == []


def findings_after(fault: Fault, uid: str, title: str) -> set[str]:
    """What the linter finds in a board of this panel and one beside it, with the fault and not without."""
    beside = {"id": 1000, "type": "row", "title": "", "gridPos": {"x": 0, "y": 1000, "w": WIDTH, "h": 1}}
    panel = panel_of(BOARDS[uid], title)
    before, after = ({**BOARDS[uid], "panels": [copy.deepcopy(panel), beside]} for _ in range(2))
    fault(after, after["panels"][0])
    return set(findings(after)) - set(findings(before))


def panel_of(board: Board, title: str) -> dict[str, Any]:
    return next(panel for panel in data_panels(board) if panel["title"] == title)


def _take_unit(_: Board, panel: dict[str, Any]) -> None:
    panel["fieldConfig"]["defaults"].pop("unit")


def _replacing(before: str, after: str) -> Fault:
    def replace(_: Board, panel: dict[str, Any]) -> None:
        for target in panel["targets"]:
            target["expr"] = target["expr"].replace(before, after)

    return replace
