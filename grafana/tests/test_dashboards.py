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
FOLDER = PROVISIONING / "datasources"
FILES = sorted(path.stem for path in FOLDER.glob("*.yml"))

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


def data_sources(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"))["datasources"])


def test_data_sources_have_the_uids_that_boards_and_links_name() -> None:
    found = {name: {source["uid"]: source["type"] for source in data_sources(name)} for name in FILES}
    assert found == {
        "metrics": {"prometheus": "prometheus", "alertmanager": "alertmanager"},
        "tracing-off": {"loki": "loki"},
        "tracing-on": {"loki": "loki", "tempo": "tempo"},
    }
    assert [source["name"] for name in FILES for source in data_sources(name) if source["editable"]] == []


def test_with_tracing_loki_is_the_same_with_a_link_to_the_trace() -> None:
    (without,), (with_link, tempo) = data_sources("tracing-off"), data_sources("tracing-on")
    link = with_link["jsonData"]["derivedFields"].pop()
    assert with_link == without
    assert (link["datasourceUid"], link["matcherRegex"]) == (tempo["uid"], "trace_id")


def test_links_name_data_sources_that_are_provisioned_with_them() -> None:
    for name in ("tracing-off", "tracing-on"):
        provisioned = {source["uid"] for source in [*data_sources("metrics"), *data_sources(name)]}
        named = set(re.findall(r"(?:datasourceUid|alertmanagerUid): (\S+)", (FOLDER / f"{name}.yml").read_text()))
        assert named <= provisioned


def test_the_rate_interval_is_made_from_the_scrape_interval() -> None:
    (source,) = [each for each in data_sources("metrics") if each["uid"] == "prometheus"]
    scrape = yaml.safe_load((PROVISIONING.parents[1] / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    assert source["jsonData"]["timeInterval"] == scrape["global"]["scrape_interval"]
