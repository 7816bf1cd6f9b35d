"""SCALE=on: the same answers by the same addresses, and the loss of any one engine loses nothing."""

from collections.abc import Iterator

import pytest

from tests.faults.accounts import ACCOUNTS, Scene
from tests.faults.looks import started_anew
from tests.faults.standing import Standing
from tests.support import stack
from tests.support.prometheus import Prometheus, Sample
from tests.support.second_stack import SecondStack, left
from tests.support.wait import eventually, stays

pytestmark = pytest.mark.timeout(3600)

PROJECT = "scaled"
# One of each kind that there are several of, and each that there is one of.
KILLED = (
    *("prometheus", "prometheus-2", "thanos-sidecar", "thanos-store", "thanos-compact", "thanos-query"),
    *("thanos-receive-1", "thanos-rule-1", "thanos-rule-2"),
    *("alertmanager", "alertmanager-2", "loki", "loki-2", "loki-3", "storage"),
)
LASTS_SECONDS = 10
SETTLES_SECONDS = 120
ENGINES = {"prometheus": 2, "alertmanager": 3, "loki": 3, "thanos-receive": 3, "thanos-rule": 2, "thanos-sidecar": 2}


@pytest.fixture(scope="module")
def scaled() -> Iterator[SecondStack]:
    found = SecondStack(PROJECT=PROJECT, SAMPLE="on", SCALE="on")
    if left(PROJECT):
        found.make("clean", "CONFIRM=yes")
    try:
        found.make("up", timeout=900)
        with found.in_place_of_the_first():
            yield found
    finally:
        found.make("clean", "CONFIRM=yes")


@pytest.fixture(scope="module")
def standing(scaled: SecondStack) -> Standing:
    assert scaled.settings["SCALE"] == "on"
    prometheus = Prometheus()
    eventually(lambda: not prometheus.query("up == 0"), "every target up", 120)
    eventually(lambda: prometheus.query("prometheus:starting:bool"), "all past their start", 240, until=are_past)
    return Standing()


@pytest.mark.usefixtures("standing")
def test_each_engine_is_there_as_often_as_it_should_be() -> None:
    found = Prometheus().query('count by (service) (up{application="monitoring"})')
    counted = {sample.labels["service"]: int(sample.value) for sample in found}
    assert {name: counted.get(name) for name in ENGINES} == ENGINES


@pytest.mark.usefixtures("standing")
def test_nothing_fires_and_every_rule_is_judged() -> None:
    prometheus = Prometheus()
    stays(lambda: firing(prometheus), "nothing but Watchdog fires", 60, until=lambda names: names == {"Watchdog"})
    assert [rule["name"] for rule in prometheus.rules() if rule.get("lastError")] == []


@pytest.mark.parametrize("service", KILLED)
def test_the_loss_of_any_one_loses_nothing(standing: Standing, service: str) -> None:
    """Killed with -9 under orders, and away for ten seconds."""
    scene = Scene.set(standing)
    with scene.customer.ordering():
        away(service)
    standing.send_again()
    figures = [account.settle(scene, SETTLES_SECONDS) for name, account in ACCOUNTS.items() if name != "pages"]
    stays(lambda: None, "an alert that was sent again could be told", 35, until=lambda _: True)
    figures.append(ACCOUNTS["pages"].settle(scene, 0))
    assert [str(figure) for figure in figures if figure.found != figure.expected] == []


def are_past(found: list[Sample]) -> bool:
    return bool(found) and all(sample.value == 0 for sample in found)


def firing(prometheus: Prometheus) -> set[str]:
    return {each["labels"]["alertname"] for each in prometheus.alerts() if each["state"] == "firing"}


def away(service: str) -> None:
    """Killed, back after LASTS_SECONDS, and healthy again."""
    stays(lambda: None, "a customer orders before it", 3, until=lambda _: True)
    stack.compose("kill", "--signal", "KILL", service)
    stays(lambda: None, f"{service} is away", LASTS_SECONDS, until=lambda _: True)
    stack.compose("start", service, timeout=120)
    eventually(lambda: started_anew(service)(0), f"{service} healthy", 120)
