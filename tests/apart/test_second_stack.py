"""Two stacks on one engine: each is whole, one sees nothing of the other, and what deletes one leaves the other."""

from collections.abc import Iterator
from typing import Any

import pytest

from ops.commands import current
from tests.support import stack
from tests.support.alertmanager import TAKEN_AWAY_SECONDS, silence
from tests.support.loki import Loki
from tests.support.prometheus import Prometheus
from tests.support.second_stack import PROJECT, SecondStack, left, state
from tests.support.small_exporter import exporter
from tests.support.wait import eventually

SEEN_SECONDS = 90
pytestmark = pytest.mark.timeout(900)
FIRST, SECOND = "planted-in-first", "planted-in-second"
PROGRAM = exporter(8000, "planted_total 1", "planted")
# What Prometheus' own discovery, blackbox, Promtail and Telegraf know of a container.
FIGURES = {"planted_total", "probe_success", "promtail_log_lines_total", "docker_container_mem_usage"}


def plant(name: str, network: str, *labels: str) -> None:
    image = current().model["services"]["inbox"]["image"]
    given = [f"application={name}", "env=sandbox", "metrics-port=8000", "health=/", *labels]
    command = ["docker", "run", "--detach", "--name", name, "--network", network, "--memory=64m", "--entrypoint=python"]
    command += [f"--label=observability.{label}" for label in given]
    stack.run(*command, image, "-c", PROGRAM)


@pytest.fixture(scope="module")
def before() -> dict[str, Any]:
    """The first stack, before there is a second one."""
    stack.ensure_up()
    return state(stack.setting("PROJECT"), stack.loaded_settings().secrets)


@pytest.fixture(scope="module")
def second(before: dict[str, Any]) -> Iterator[SecondStack]:
    assert before
    found = SecondStack()
    try:
        found.make("up")
        yield found
    finally:
        found.make("clean", "CONFIRM=yes")


@pytest.fixture
def planted(second: SecondStack) -> Iterator[None]:
    """A labelled container on the network of each."""
    try:
        plant(FIRST, stack.loaded_settings().network)
        plant(SECOND, second.settings.network, f"stack={PROJECT}")
        yield
    finally:
        silence(TAKEN_AWAY_SECONDS, f'application="{FIRST}"')
        stack.run("docker", "rm", "--force", FIRST, SECOND)


def known(prometheus: Prometheus, application: str) -> set[str]:
    """Which of FIGURES there are of an application."""
    found = prometheus.query(f'group by (__name__) ({{application="{application}"}})')
    return {sample.labels["__name__"] for sample in found}


def projects(prometheus: Prometheus) -> set[str]:
    """The Compose projects of the containers that are targets, or were found and could be."""
    label = "__meta_docker_container_label_com_docker_compose_project"
    return {each["discoveredLabels"][label] for each in prometheus.targets() if label in each["discoveredLabels"]}


def test_the_second_is_whole(second: SecondStack) -> None:
    assert "Not well" not in second.make("status")
    eventually(lambda: second.prometheus.query("up == 0 or probe_success == 0"), "every target up", 60, until=_none)
    assert projects(second.prometheus) == {PROJECT}


def test_the_first_goes_on_as_before(second: SecondStack, before: dict[str, Any], prometheus: Prometheus) -> None:
    assert second.settings["PROJECT"] not in projects(prometheus)
    assert state(stack.setting("PROJECT"), stack.loaded_settings().secrets) == before


def wait_until_seen(application: str, prometheus: Prometheus, loki: Loki) -> None:
    eventually(lambda: known(prometheus, application), f"{application} by all", SEEN_SECONDS, until=FIGURES.issubset)
    eventually(lambda: application in loki.label_values("application"), f"lines of {application}", 30)


def listed(second: SecondStack) -> str:
    """What `make applications` says, whether or not it finds that something is missing."""
    try:
        return second.make("applications")
    except stack.CommandError as error:
        return str(error)


@pytest.mark.usefixtures("planted")
def test_each_sees_its_own_container_alone(second: SecondStack, prometheus: Prometheus, loki: Loki) -> None:
    wait_until_seen(FIRST, prometheus, loki)
    wait_until_seen(SECOND, second.prometheus, second.loki)
    for other, metrics, lines in ((SECOND, prometheus, loki), (FIRST, second.prometheus, second.loki)):
        assert known(metrics, other) == set()
        assert other not in lines.label_values("application")
    said = listed(second)
    assert SECOND in said
    assert FIRST not in said


def test_clean_of_the_second_leaves_the_first(second: SecondStack, before: dict[str, Any]) -> None:
    assert second.settings.secrets.is_dir()
    second.make("clean")
    assert left(PROJECT) == []
    assert not second.settings.secrets.exists()
    assert state(stack.setting("PROJECT"), stack.loaded_settings().secrets) == before


def _none(found: list[Any]) -> bool:
    return not found
