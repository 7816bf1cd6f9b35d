"""Every alert can be acted on: its runbook is written, its links lead to what the boards have."""

import re
from typing import Any

import pytest

from grafana.dashboards.lib.alerts import BOARD_OF, UNLISTED, of_board
from loki import rule_files as log_rules
from ops.paths import ROOT
from prometheus import rule_files
from prometheus.tests.cases import alert_ids
from tests.support.boards import load_boards, panels_of, variables

ALL = [*rule_files.alerts(), *log_rules.alerts()]
ALERTS = [rule for _, rule in ALL]
NAMES = sorted({rule["alert"] for rule in ALERTS})

FILES = {rule["alert"]: file for file, rule in ALL}
BOARDS = load_boards()
# board "Database", row "Logs", panels "Log lines" and "Warnings and errors"
PLACE = re.compile(r'\b(board|row|panel)s? ((?:"[^"]+"(?:, | and )?)+)')
UNQUOTED = re.compile(r"\b(?:board|row|panel)s? [A-Z]\w*")

IDS = [*alert_ids(), *(f"{file}: {rule_files.title(rule)}" for file, rule in log_rules.alerts())]
each_alert = pytest.mark.parametrize("rule", ALERTS, ids=IDS)
each_name = pytest.mark.parametrize("name", NAMES)


def named(kind: str, text: str) -> list[str]:
    """The boards, rows or panels that a runbook names, each in quotation marks."""
    lists = [quoted for found, quoted in PLACE.findall(text) if found == kind]
    return [name for quoted in lists for name in re.findall(r'"([^"]+)"', quoted)]


@each_alert
def test_runbook_is_the_page_of_its_name(rule: dict[str, Any]) -> None:
    assert rule["annotations"]["runbook_url"] == f"docs/runbooks/{rule['alert']}.md"


@each_name
def test_runbook_is_written(name: str) -> None:
    page = (ROOT / "docs" / "runbooks" / f"{name}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {name}\n")
    assert len(page.splitlines()) > 10


@each_name
def test_runbook_names_its_board_first_and_only_rows_and_panels_that_its_boards_have(name: str) -> None:
    text = " ".join((ROOT / "docs" / "runbooks" / f"{name}.md").read_text(encoding="utf-8").split())
    assert UNQUOTED.findall(text) == []
    boards = named("board", text)
    assert boards[:1] in ([], [BOARDS[BOARD_OF[FILES[name]]]["title"]])
    assert set(boards) <= {board["title"] for board in BOARDS.values()}
    shown = [panel for board in BOARDS.values() if board["title"] in boards for panel in panels_of(board)]
    rows = {panel["title"] for panel in shown if panel["type"] == "row"}
    assert set(named("row", text)) <= rows
    assert set(named("panel", text)) <= {panel["title"] for panel in shown} - rows


def test_every_runbook_belongs_to_an_alert() -> None:
    assert {page.stem for page in (ROOT / "docs" / "runbooks").glob("*.md")} <= set(NAMES)


@pytest.mark.parametrize(("file", "rule"), ALL, ids=IDS)
def test_alert_leads_to_the_board_of_its_file_which_lists_it(file: str, rule: dict[str, Any]) -> None:
    path = rule["annotations"]["dashboard_url"].partition("?")[0]
    assert path == f"/d/{BOARD_OF[file]}"
    assert rule["alert"] in {*of_board(BOARD_OF[file]), *UNLISTED}


@each_alert
@pytest.mark.parametrize("link", ["dashboard_url", "logs_url"])
def test_link_names_what_its_board_has(rule: dict[str, Any], link: str) -> None:
    path, _, query = rule["annotations"][link].partition("?")
    board = BOARDS[path.rsplit("/", 1)[1]]
    asked = dict(pair.split("=", 1) for pair in query.split("&") if pair)
    panels = {str(panel["id"]) for panel in board["panels"]}
    if link == "logs_url":
        assert asked.pop("viewPanel") in panels
    assert {name.removeprefix("var-") for name in asked} <= {each["name"] for each in variables(board)}
