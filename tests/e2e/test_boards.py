"""Every panel of every committed board has data, asked with the board's variables filled in."""

from __future__ import annotations

import pytest

from tests.support import partner
from tests.support.boards import PanelQuery, load_boards, panel_queries, values_of
from tests.support.erp import Erp
from tests.support.panels import Answers, numbers
from tests.support.prometheus import Prometheus
from tests.support.wait import eventually

BOARDS = load_boards()
QUERIES = [query for board in BOARDS.values() for query in panel_queries(board)]

# Panels that are rightly empty on a stack that is well, each with its reason.
QUIET: dict[tuple[str, str], str] = {}


@pytest.fixture(scope="module", autouse=True)
def exercised_erp(erp: Erp) -> None:
    """What the shoppers don't do by themselves: a few orders that fail because the payment API does."""
    assert erp.place_order().status_code == 201
    with partner.broken("payment"):
        for _ in range(3):
            erp.place_order()
    assert erp.place_order().status_code == 201


@pytest.mark.parametrize("query", QUERIES, ids=[query.name for query in QUERIES])
def test_panel_has_data(query: PanelQuery, prometheus: Prometheus, panel_answers: list[Answers]) -> None:
    for answers in panel_answers:

        def drawn(answers: Answers = answers) -> list[float]:
            values = values_of(BOARDS[query.board], prometheus.label_values)
            return numbers(answers, query.filled(values))

        if (query.board, query.panel) in QUIET:
            drawn()
        else:
            eventually(drawn, f"data for {query.name} {answers.name}: {query.expression}", 60, interval=2)


@pytest.mark.parametrize("board", BOARDS)
def test_a_panel_of_nothing_is_noticed(board: str, panel_answers: list[Answers]) -> None:
    nothing = PanelQuery(board, "planted", "A", "prometheus", "metric_that_nobody_exposes")
    assert [numbers(answers, nothing) for answers in panel_answers] == [[]] * len(panel_answers)


def test_quiet_panels_exist() -> None:
    assert set(QUIET) <= {(query.board, query.panel) for query in QUERIES}
