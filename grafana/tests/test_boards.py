"""The five boards: committed as generated, within the house rules, and wired to alerts and metrics both ways."""

from typing import Any

import pytest

from grafana.dashboards import build
from grafana.dashboards.lib import alerts
from grafana.tests import coverage
from grafana.tests.linter import addresses, data_panels, findings
from loki import rule_files as log_rules
from prometheus import rule_files
from tests.support.boards import VARIABLE, load_boards, variables

ON_TIME_RANGE_CHANGED = 2
BOARDS = load_boards()

each_board = pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)


def test_committed_boards_are_the_generated_ones() -> None:
    committed = {path.name: path.read_text(encoding="utf-8") for path in build.GENERATED.glob("*.json")}
    assert committed == build.boards(), "run `make dashboards` and commit what it writes"


def test_a_board_is_named_by_its_uid() -> None:
    assert {path.stem for path in build.GENERATED.glob("*.json")} == set(BOARDS) == set(alerts.BOARD_OF.values())


@each_board
def test_board_keeps_the_house_rules(board: dict[str, Any]) -> None:
    assert findings(board) == []


@each_board
def test_every_alert_of_the_board_is_in_its_table(board: dict[str, Any]) -> None:
    (table,) = [panel for panel in data_panels(board) if panel["title"] == "Alerts that lead here"]
    expression = table["targets"][0]["expr"]
    assert [name for name in alerts.of_board(board["uid"]) if f'"alertname", "{name}"' not in expression] == []


@each_board
def test_board_is_read_only_and_refreshed_and_so_are_its_choices(board: dict[str, Any]) -> None:
    assert (board["editable"], board["refresh"]) == (False, "30s")
    choices = {each["name"]: each["refresh"] for each in variables(board) if each["type"] == "query"}
    assert {"application", "env", "service"} <= set(choices)
    assert set(choices.values()) == {ON_TIME_RANGE_CHANGED}


@each_board
def test_a_choice_follows_only_those_before_it_and_identity_comes_first(board: dict[str, Any]) -> None:
    """Grafana and the preview ask for the values of one variable after the other."""
    queries = {each["name"]: each["query"] for each in variables(board) if each["type"] == "query"}
    names = list(queries)
    assert names[:3] == ["application", "env", "service"]
    for place, name in enumerate(names):
        assert {braced or plain for braced, plain in VARIABLE.findall(queries[name])} <= set(names[:place])


@each_board
def test_board_leads_to_the_others_and_to_logs_and_runbooks(board: dict[str, Any]) -> None:
    (boards,) = [link for link in board["links"] if link["type"] == "dashboards"]
    assert (boards["tags"], boards["keepTime"], boards["includeVars"]) == (board["tags"], True, True)
    leading = " ".join(addresses(board))
    assert "/explore?" in leading
    assert "/user/docs/runbooks/" in leading


def test_a_file_of_rules_belongs_to_a_board() -> None:
    assert {*rule_files.paths(), *log_rules.paths()} == set(alerts.BOARD_OF)


def test_every_metric_of_ours_is_on_a_board_or_in_a_rule() -> None:
    assert coverage.unseen() == set()


def test_own_metrics_are_found() -> None:
    assert {"erp_orders_total", "celery_queue_length", "django_migrations_pending"} <= coverage.own_metrics()
