"""Every alert can be acted on: runbook, board, logs, severity, a unit test silent and one firing."""

from __future__ import annotations

from typing import Any

import pytest

from grafana.dashboards.lib.alerts import BOARD_OF, UNLISTED, of_board
from ops.paths import ROOT
from prometheus.tests.reading import alert_ids, alerts, assertions
from tests.support.boards import load_boards, variables

SEVERITIES = {"critical", "warning", "info", "none"}
ANNOTATIONS = {"summary", "description", "runbook_url", "dashboard_url", "logs_url"}


ALERTS = [rule for _, rule in alerts()]
NAMES = sorted({rule["alert"] for rule in ALERTS})
ALWAYS_FIRING = {"Watchdog"}

each_alert = pytest.mark.parametrize("rule", ALERTS, ids=alert_ids())
each_name = pytest.mark.parametrize("name", NAMES)


@each_alert
def test_alert_says_who_has_to_act_and_how_soon(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in SEVERITIES
    assert rule["labels"]["team"]


@each_alert
def test_alert_has_every_annotation(rule: dict[str, Any]) -> None:
    assert {name for name in ANNOTATIONS if not rule["annotations"].get(name)} == set()


@each_alert
def test_runbook_is_the_page_of_its_name(rule: dict[str, Any]) -> None:
    assert rule["annotations"]["runbook_url"] == f"docs/runbooks/{rule['alert']}.md"


@each_name
def test_runbook_is_written(name: str) -> None:
    page = (ROOT / "docs" / "runbooks" / f"{name}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {name}\n")
    assert len(page.splitlines()) > 10


def test_every_runbook_belongs_to_an_alert() -> None:
    assert {page.stem for page in (ROOT / "docs" / "runbooks").glob("Erp*.md")} <= set(NAMES)


@each_alert
@pytest.mark.parametrize("link", ["dashboard_url", "logs_url"])
def test_link_leads_to_a_committed_board(rule: dict[str, Any], link: str) -> None:
    _, _, kind, uid = f"/{rule['annotations'][link]}".partition("?")[0].split("/")
    assert kind == "d"
    assert uid in load_boards()


@pytest.mark.parametrize(("file", "rule"), alerts(), ids=alert_ids())
def test_alert_leads_to_the_board_of_its_file_which_lists_it(file: str, rule: dict[str, Any]) -> None:
    path = rule["annotations"]["dashboard_url"].partition("?")[0]
    assert path == f"/d/{BOARD_OF[file]}"
    assert rule["alert"] in {*of_board(BOARD_OF[file]), *UNLISTED}


@each_alert
@pytest.mark.parametrize("link", ["dashboard_url", "logs_url"])
def test_link_names_what_its_board_has(rule: dict[str, Any], link: str) -> None:
    path, _, query = rule["annotations"][link].partition("?")
    board = load_boards()[path.rsplit("/", 1)[1]]
    asked = dict(pair.split("=", 1) for pair in query.split("&") if pair)
    panels = {str(panel["id"]) for panel in board["panels"]}
    if link == "logs_url":
        assert asked.pop("viewPanel") in panels
    assert {name.removeprefix("var-") for name in asked} <= {each["name"] for each in variables(board)}


@each_name
def test_unit_test_sees_it_firing(name: str) -> None:
    assert [each for each in assertions() if each.alert == name and each.expected]


@pytest.mark.parametrize("name", sorted(set(NAMES) - ALWAYS_FIRING))
def test_unit_test_sees_it_silent(name: str) -> None:
    assert [each for each in assertions() if each.alert == name and not each.expected]
