"""What no part here knows, such as a search engine with an exporter, is on the infrastructure board by its labels."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import pytest

from ops.commands import current
from tests.support import boards, stack
from tests.support.alertmanager import TAKEN_AWAY_SECONDS, silence
from tests.support.boards import PanelQuery
from tests.support.panels import QUIET, Answers, numbers
from tests.support.prometheus import Prometheus
from tests.support.small_exporter import exporter
from tests.support.wait import eventually

pytestmark = pytest.mark.alone
KIND, ENV, SERVICE = "opensearch", "production", "search"
BOARD = boards.load_boards()["infrastructure"]
# What the board shows of any container that is chosen.
PANELS = (
    *("CPU of containers", "Memory against its limit", "Memory", "Network", "Starts"),
    *("Log volume", "Log lines by level", "Log lines"),
)
QUERIES = [query for query in boards.panel_queries(BOARD) if query.panel in PANELS and query.name not in QUIET]
PROGRAM = exporter(9114, "search_documents 42", '{"level": "INFO", "message": "indexed"}')


@dataclass(frozen=True)
class Node:
    application: str
    chosen: dict[str, str]


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    application = f"search-{uuid.uuid4().hex[:8]}"
    labels = {"application": application, "env": ENV, "service": SERVICE, "kind": KIND, "metrics-port": "9114"}
    given = [f"--label=observability.{name}={value}" for name, value in labels.items()]
    image = current().model["services"]["inbox"]["image"]
    network = f"--network={stack.loaded_settings().network}"
    command = ["docker", "run", "--detach", "--name", application, network, "--memory=64m", "--entrypoint=python"]
    try:
        stack.run(*command, *given, image, "-c", PROGRAM)
        chosen = {"application": application, "env": ENV, "service": SERVICE}
        yield Node(application, {**boards.values_of(BOARD), **chosen})
    finally:
        silence(TAKEN_AWAY_SECONDS, f'application="{application}"')
        stack.run("docker", "rm", "--force", application)


@pytest.mark.parametrize("choice", ["application", "env", "service"])
def test_it_can_be_chosen(choice: str, node: Node, prometheus: Prometheus) -> None:
    (variable,) = [each for each in boards.variables(BOARD) if each["name"] == choice]

    def offered() -> list[str]:
        return boards.offered_values(variable, {**node.chosen, choice: "..*"}, prometheus.label_values)

    eventually(offered, f"{node.chosen[choice]} as a choice", 60, until=lambda values: node.chosen[choice] in values)


@pytest.mark.parametrize("query", QUERIES, ids=[query.name for query in QUERIES])
def test_panel_shows_it(query: PanelQuery, node: Node, panel_answers: list[Answers]) -> None:
    asked = query.filled(node.chosen)
    for answers in panel_answers:
        eventually(partial(numbers, answers, asked), f"{query.name} {answers.name}", 60, interval=2)


def test_each_of_the_panels_is_there() -> None:
    assert {query.panel for query in QUERIES} == set(PANELS)


def test_its_own_metric_has_its_identity(node: Node, prometheus: Prometheus) -> None:
    (found,) = eventually(lambda: prometheus.query(f'search_documents{{application="{node.application}"}}'), "it", 60)
    wanted = {"application": node.application, "env": ENV, "service": SERVICE, "kind": KIND}
    assert {name: found.labels[name] for name in wanted} == wanted
