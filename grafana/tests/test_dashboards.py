"""The boards: committed as generated, laid out without overlap, every panel explained and every query parsed."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from grafana.dashboards import build
from tests.support.boards import BUILT_IN, EVERYTHING, fill, load_boards, panel_queries, variables

PROVISIONING = Path(__file__).parents[1] / "provisioning"
SOURCES = {"${datasource}": "prometheus", "${logs}": "loki"}
BOARDS = load_boards()
PANELS = [(uid, panel) for uid, board in BOARDS.items() for panel in board["panels"]]
DATA_PANELS = [(uid, panel) for uid, panel in PANELS if panel["type"] != "row"]
QUERIES = [query for board in BOARDS.values() for query in panel_queries(board)]
WIDTH = 24

each_board = pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
each_panel = pytest.mark.parametrize(
    "panel", [panel for _, panel in DATA_PANELS], ids=[f"{uid}: {panel['title']}" for uid, panel in DATA_PANELS]
)
each_query = pytest.mark.parametrize("query", QUERIES, ids=[query.name for query in QUERIES])


def test_committed_boards_are_the_generated_ones() -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in build.GENERATED.glob("*.json")}
    assert committed == build.boards(), "run `make dashboards` and commit what it writes"


def test_a_board_is_named_by_its_uid() -> None:
    assert {path.stem for path in build.GENERATED.glob("*.json")} == set(BOARDS)


@each_board
def test_panel_ids_are_unique(board: dict[str, Any]) -> None:
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))


@each_board
def test_panels_lie_side_by_side(board: dict[str, Any]) -> None:
    cells = [cell for panel in board["panels"] for cell in covered(panel["gridPos"])]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < WIDTH


def covered(place: dict[str, int]) -> Iterator[tuple[int, int]]:
    columns = range(place["x"], place["x"] + place["w"])
    return itertools.product(columns, range(place["y"], place["y"] + place["h"]))


@each_board
def test_board_can_not_be_edited_and_refreshes(board: dict[str, Any]) -> None:
    assert board["editable"] is False
    assert board["refresh"]


@each_board
def test_board_asks_the_sources_of_its_variables(board: dict[str, Any]) -> None:
    sources = {each["name"]: each["query"] for each in variables(board) if each["type"] == "datasource"}
    assert {f"${{{name}}}": kind for name, kind in sources.items()} == SOURCES


@each_panel
def test_panel_explains_itself(panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert len(panel["description"].split()) >= 3


@each_panel
def test_panel_has_a_unit(panel: dict[str, Any]) -> None:
    assert panel["type"] == "logs" or panel["fieldConfig"]["defaults"]["unit"]


@each_panel
def test_panel_asks_a_source_by_variable(panel: dict[str, Any]) -> None:
    assert SOURCES[panel["datasource"]["uid"]] == panel["datasource"]["type"]
    assert panel["targets"]


@each_query
def test_rate_takes_the_interval_of_the_scrape(query: Any) -> None:
    windows = re.findall(r"(?:rate|increase)\([^()]*\[([^\]]+)\]", query.expression)
    assert set(windows) <= {"$__rate_interval"}


@pytest.mark.parametrize("query", [q for q in QUERIES if q.kind == "prometheus"], ids=lambda query: query.name)
def test_query_parses(query: Any) -> None:
    promql_parser.parse(fill(query.expression, {**BUILT_IN, "job": EVERYTHING}))


def test_a_broken_query_does_not_parse() -> None:
    with pytest.raises(ValueError, match="parenthesis"):
        promql_parser.parse("sum by (job (up)")


def test_data_sources_have_the_uids_that_boards_and_links_name() -> None:
    text = (PROVISIONING / "datasources" / "datasources.yml").read_text(encoding="utf-8")
    sources = yaml.safe_load(text)["datasources"]
    assert {source["uid"]: source["type"] for source in sources} == {
        name: name for name in ("prometheus", "loki", "alertmanager")
    }
    assert [source["name"] for source in sources if source["editable"]] == []


def test_the_rate_interval_is_made_from_the_scrape_interval() -> None:
    text = (PROVISIONING / "datasources" / "datasources.yml").read_text(encoding="utf-8")
    (source,) = [each for each in yaml.safe_load(text)["datasources"] if each["uid"] == "prometheus"]
    scrape = yaml.safe_load((PROVISIONING.parents[1] / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    assert source["jsonData"]["timeInterval"] == scrape["global"]["scrape_interval"]
