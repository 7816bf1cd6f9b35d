"""Every query of every panel of every committed board has data, asked with the board's variables filled in."""

import re

import pytest

from ops.faults import FAULTS
from tests.support import inside, partner, stack
from tests.support.boards import PanelQuery, filled_queries, load_boards, offered_values, values_of, variables
from tests.support.erp import Erp
from tests.support.panels import (
    A_WEEK,
    BLOCK_IO,
    OPTIONAL,
    QUIET,
    Answers,
    metrics_of,
    nowhere,
    numbers,
    without_constants,
)
from tests.support.prometheus import Prometheus
from tests.support.wait import eventually

BOARDS = load_boards()
QUERIES = filled_queries()
CHOICES = [(uid, each["name"]) for uid, board in BOARDS.items() for each in variables(board) if each["type"] == "query"]

# Metrics that appear with the first event of their kind; until then their panels show a zero made from other metrics.
AFTER_THE_EVENT: dict[str, str] = {
    "django_db_errors_total": "a statement that fails: `make break FAULT=orders-broken`",
    "django_db_new_connection_errors_total": "a database that takes no connections: `make break FAULT=erp-db-stopped`",
    "django_http_exceptions_total_by_type_total": "a view that raises: `make break FAULT=orders-broken`",
    "route:loki_request_errors:ratio5m": "a request that Loki answers with a 5xx, as while its disk is full",
    "docker_container_blkio_io_service_bytes_recursive_read": BLOCK_IO,
    "docker_container_blkio_io_service_bytes_recursive_write": BLOCK_IO,
    "event:business:expected30m": A_WEEK,
    **{metric: OPTIONAL[query.name] for query in QUERIES if query.name in OPTIONAL for metric in metrics_of(query)},
}
FAILING_TASK = "from orders.tasks import ship_order\nship_order.delay('no number')"
PLANTED_WARNING = "DO $$ BEGIN RAISE WARNING 'planted by a test of the boards'; END $$"


@pytest.fixture(scope="module", autouse=True)
def exercised_erp(erp: Erp) -> None:
    """What doesn't happen by itself: an order that can't be paid, a task that fails, a warning of the database."""
    assert erp.place_order().status_code == 201
    with partner.broken("payment"):
        for _ in range(3):
            erp.place_order()
    inside.run("erp-web", FAILING_TASK)
    stack.execute("erp-db", "psql", "-q", "-U", "postgres", "-d", "erp", "-c", PLANTED_WARNING)
    assert erp.place_order().status_code == 201


@pytest.mark.parametrize("query", QUERIES, ids=[query.name for query in QUERIES])
def test_panel_has_data(query: PanelQuery, panel_answers: list[Answers]) -> None:
    asked = without_constants(query)
    for answers in panel_answers:

        def drawn(answers: Answers = answers) -> list[float]:
            return numbers(answers, asked)

        if query.name in QUIET:
            drawn()
        else:
            eventually(drawn, f"data for {query.name} {answers.name}: {asked.expression}", 60, interval=2)


@pytest.mark.parametrize("board", BOARDS)
def test_a_renamed_metric_empties_every_panel(board: str, panel_answers: list[Answers]) -> None:
    """A query that answers without its metrics would prove nothing."""
    renamed = [nowhere(query) for query in QUERIES if query.board == board]
    for answers in panel_answers:
        assert [each.name for each in renamed if numbers(answers, without_constants(each))] == []


def test_every_metric_of_a_panel_exists(prometheus: Prometheus) -> None:
    """One by one: beside a metric that exists a misspelt one would show as zero for ever."""
    read = {metric for query in QUERIES for metric in metrics_of(query)}
    assert set(AFTER_THE_EVENT) <= read
    known = set(AFTER_THE_EVENT)
    eventually(
        lambda: read - known - set(prometheus.label_values("__name__")),
        "no metric of a panel that nobody exposes",
        60,
        until=lambda missing: not missing,
        interval=2,
    )


@pytest.mark.parametrize(("board", "choice"), CHOICES, ids=[f"{board}: {choice}" for board, choice in CHOICES])
def test_choice_offers_something(board: str, choice: str, prometheus: Prometheus) -> None:
    (variable,) = [each for each in variables(BOARDS[board]) if each["name"] == choice]
    values = values_of(BOARDS[board])
    eventually(lambda: offered_values(variable, values, prometheus.label_values), f"values of ${choice}", 60)


@pytest.mark.parametrize("board", BOARDS)
def test_annotations_can_be_asked(board: str, panel_answers: list[Answers]) -> None:
    """Both may be without an answer: nothing fires, nothing was deployed."""
    marks = [
        PanelQuery(board, each["name"], "A", "prometheus", each["expr"]).filled(values_of(BOARDS[board]))
        for each in BOARDS[board]["annotations"]["list"]
        if "expr" in each
    ]
    assert [mark.panel for mark in marks] == ["Firing alerts", "Deploys"]
    for answers in panel_answers:
        assert [numbers(answers, mark) for mark in marks]


def test_what_is_quiet_exists_and_says_what_fills_it() -> None:
    assert set(QUIET) <= {query.name for query in QUERIES}
    assert set(re.findall(r"FAULT=([\w-]+)", " ".join(AFTER_THE_EVENT.values()))) <= set(FAULTS)
