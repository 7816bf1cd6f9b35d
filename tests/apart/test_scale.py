"""SCALE=on: the same answers by the same addresses, and the loss of any one engine loses nothing."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
import requests

from tests.bench.losses import Loss, Losses
from tests.faults.accounts import ACCOUNTS, COUNTED, Scene
from tests.faults.looks import started_anew
from tests.faults.standing import Standing
from tests.run import WELL
from tests.support import crowd, lines, pushed, stack
from tests.support.erp import Erp, Ids
from tests.support.loki import Loki
from tests.support.pages import CHANNELS, Pages
from tests.support.prometheus import Prometheus, Sample
from tests.support.pushed import Host
from tests.support.second_stack import SecondStack, left
from tests.support.wait import eventually, lasts, stays

pytestmark = pytest.mark.timeout(3600)

PROJECT = "scaled"
# Each engine. A compactor, a store and a storage there are one of: what they have isn't asked for meanwhile.
KILLED = (
    *("prometheus", "prometheus-2", "thanos-sidecar", "thanos-sidecar-2", "thanos-store", "thanos-compact"),
    *(f"thanos-receive-{number}" for number in (1, 2, 3)),
    *("thanos-query", "thanos-query-2", "thanos-rule-1", "thanos-rule-2"),
    *("alertmanager", "alertmanager-2", "alertmanager-3", "loki", "loki-2", "loki-3", "storage", "query-gateway"),
    *("gateway", "gateway-guard"),
)
# Who is the only way to all queries while it is away: one that there is one of.
THE_WAY = ("query-gateway",)
WHOLE_SECONDS = 10
LASTS_SECONDS = 10
SETTLES_SECONDS = 120
ENGINES = {
    "prometheus": 2,
    "alertmanager": 3,
    "loki": 3,
    "thanos-receive": 3,
    "thanos-rule": 2,
    "thanos-sidecar": 2,
    "thanos-query": 2,
}
# Two of three, and the storage, which there is one of: how long they are away, and who must be told of.
GONE = {
    ("loki-2", "loki-3"): (60, "loki"),
    ("thanos-receive-2", "thanos-receive-3"): (60, "thanos-receive-2"),
    ("alertmanager-2", "alertmanager-3"): (60, "alertmanager"),
    ("storage",): (600, "storage"),
}
# A program that is killed takes the requests with it that it was answering, and its counts.
OF_THE_ERP = ("orders", "shipments", "lines", "doubled")
REQUESTS = 200
RATE, LOAD_SECONDS = 1000, 40
# Of each service one series: those of a scrape are all there or none is.
SCRAPED = f'crowd_total{{application="{crowd.APPLICATION}",view="view-7"}}'
OF_A_SCRAPE = f'sum(scrape_samples_post_metric_relabeling{{application="{crowd.APPLICATION}"}})'
SAME = {"what breaks nothing": WELL, "drills": ("-s", "tests/drills")}
LINES = '{application="monitoring"}'
BY_INSTANCE = COUNTED.replace("sum(", "sum by (instance) (")


@pytest.fixture(scope="module")
def scaled() -> Iterator[SecondStack]:
    found = SecondStack(PROJECT=PROJECT, SAMPLE="on", SCALE="on", GATEWAY="on")
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


@pytest.mark.usefixtures("scaled")
@pytest.mark.parametrize("tests", SAME)
def test_the_same_tests_pass_as_on_one_machine(tests: str) -> None:
    """First, on a stack to which nothing has happened yet."""
    stack.run(sys.executable, "-m", "pytest", "-q", *SAME[tests], timeout=1800)


@pytest.mark.usefixtures("standing")
def test_each_engine_is_there_as_often_as_it_should_be() -> None:
    found = Prometheus().query('count by (service) (up{application="monitoring"})')
    counted = {sample.labels["service"]: int(sample.value) for sample in found}
    assert {name: counted.get(name) for name in ENGINES} == ENGINES


@pytest.mark.usefixtures("standing")
def test_nothing_fires_and_every_rule_is_judged() -> None:
    prometheus = Prometheus()
    stays(lambda: firing(prometheus), "nothing but Watchdog fires", 240, until=lambda names: names == {"Watchdog"})
    assert [rule["name"] for rule in prometheus.rules() if rule.get("lastError")] == []


@pytest.mark.usefixtures("standing")
def test_requests_are_counted_exactly_over_both_webs() -> None:
    erp, prometheus = Erp(), Prometheus()
    ids = Ids.fresh("both")
    counted = {each.labels["instance"]: each.value for each in prometheus.query(BY_INSTANCE)}
    for _ in range(REQUESTS):
        erp.version(ids)
    found = eventually(
        lambda: {each.labels["instance"]: each.value for each in prometheus.query(BY_INSTANCE)},
        f"{REQUESTS} requests counted",
        60,
        until=lambda values: sum(values.values()) - sum(counted.values()) == REQUESTS,
    )
    assert all(found[name] > counted.get(name, 0) for name in ("erp-web:8000", "erp-web-2:8000"))
    entries = f'{{service="erp-web"}} |= "{ids.request}" | json | logger="access"'
    eventually(
        lambda: len(Loki().entries(entries, seconds=600, limit=2 * REQUESTS)),
        "a line of each",
        120,
        until=lambda found: found == REQUESTS,
    )


@pytest.mark.parametrize("container", ["erp-web-1", "erp-web-2", "erp-worker-1", "erp-worker-2", "erp-gateway-1"])
def test_the_loss_of_one_of_the_erp_loses_no_order(standing: Standing, container: str) -> None:
    scene = before(standing)
    with scene.customer.ordering():
        stack.run("docker", "kill", "--signal", "KILL", f"{PROJECT}-{container}")
        lasts(LASTS_SECONDS, f"{container} is away")
        stack.run("docker", "start", f"{PROJECT}-{container}")
        eventually(lambda: health(container) == "healthy", f"{container} healthy", 120)
    assert lost(scene, *OF_THE_ERP, "pages") == []
    assert container.startswith("erp-gateway") or scene.customer.asked["200"] > 0


@pytest.mark.parametrize("services", GONE, ids="+".join)
def test_what_is_gone_for_long_is_told_and_loses_nothing(
    standing: Standing, losses: Losses, services: tuple[str, ...]
) -> None:
    away_for, name = GONE[services]
    scene = before(standing)
    begun = time.time()
    stack.compose("kill", "--signal", "KILL", *services)
    try:
        with scene.customer.ordering():
            lasts(40, f"a customer orders without {services}")
        lasts(away_for - 40, f"{services} are away")
        told = {
            channel: Pages().of("InstanceDown", channel, since=begun, says=name, resolution=False)
            for channel in CHANNELS
        }
        assert all(told.values()), told
    finally:
        stack.compose("start", *services, timeout=120)
    eventually(lambda: started_anew(*services)(begun), f"{services} healthy", 120)
    assert lost(scene, *ACCOUNTS) == []
    first = min(page.received_at for pages in told.values() for page in pages) - begun
    losses.rows.append(Loss("+".join(services), away_for, len(scene.customer.orders), told_seconds=round(first, 1)))


@pytest.fixture(scope="module")
def crowded(standing: Standing) -> Iterator[str]:
    """The container that writes lines, beside services of more samples than RATE lines a second."""
    assert standing.is_written
    with crowd.running(), lines.writer("writer", stack=PROJECT, application=crowd.APPLICATION) as container:
        eventually(
            lambda: Prometheus().value(OF_A_SCRAPE),
            "every series of the crowd",
            180,
            until=lambda found: found == crowd.SERVICES * crowd.SERIES,
            interval=5,
        )
        yield container


@pytest.fixture(scope="module")
def host(scaled: SecondStack, tmp_path_factory: pytest.TempPathFactory) -> Host:
    return Host.known_to(scaled, tmp_path_factory.mktemp("host"))


@pytest.fixture(scope="module")
def losses() -> Iterator[Losses]:
    found = Losses((*KILLED, *map("+".join, GONE)))
    yield found
    found.keep()


@pytest.mark.parametrize("service", KILLED)
def test_under_load_the_loss_of_any_one_loses_nothing(
    standing: Standing, crowded: str, host: Host, losses: Losses, service: str
) -> None:
    """1,000 lines and 21,000 samples a second: each is there once, and no scrape is missing.

    Another host pushes a sample and a line each second through the gateway, again until they are taken.

    Of what there was before everything is found within ten seconds of the kill.
    """
    scene, run, begun = before(standing), Ids.fresh("load").request, time.time()
    past = Past.at(begun - 30)
    with (
        crowd.writing(crowded, run, RATE, LOAD_SECONDS) as written,
        host.each_second(run) as sent,
        scene.customer.ordering(),
    ):
        whole = away(service, past)
    query = f'sum(count_over_time({{application="{crowd.APPLICATION}"}} |= `"run": "{run}"` [10m]))'
    found = eventually(lambda: Loki().value(query), f"{written} lines once", 120, until=lambda seen: seen == written)
    both = (len(sent), len(sent))
    eventually(lambda: pushed.found(run), f"{both} pushed samples and lines", 60, until=lambda seen: seen == both)
    minutes = int((time.time() - begun) // 60)
    least = f"min(count_over_time({SCRAPED}[{minutes}m]))"
    assert Prometheus().value(least) >= 6 * minutes - 1
    assert lost(scene, *ACCOUNTS) == []
    orders, in_all = len(scene.customer.orders), sum(both)
    loss = Loss(service, LASTS_SECONDS, orders, round(whole, 1), lines=(int(found), written), pushed=(in_all, in_all))
    losses.rows.append(loss)


@dataclass(frozen=True)
class Past:
    """What there is of a moment (Unix seconds): targets that were up, and lines of the minute before."""

    moment: float
    targets: float
    lines: float

    @classmethod
    def at(cls, moment: float) -> Past:
        prometheus = Prometheus().get("query", query="count(up)", time=moment)["result"]
        loki = Loki().get("query", query=f"sum(count_over_time({LINES}[1m]))", time=str(int(moment * 1e9)))["result"]
        return cls(moment, *(sum(float(row["value"][1]) for row in rows) for rows in (prometheus, loki)))

    def is_found(self) -> bool:
        """No answer is none that is whole."""
        try:
            return self == Past.at(self.moment)
        except (AssertionError, requests.RequestException):
            return False


def before(standing: Standing) -> Scene:
    """The counts of both webs: a page of metrics is that of the one which answers."""
    return replace(Scene.set(standing), counted=sum(each.value for each in Prometheus().query(COUNTED)))


def lost(scene: Scene, *accounts: str) -> list[str]:
    """What isn't there, with its numbers, after what was sent again could have been told."""
    scene.standing.send_again()
    figures = [ACCOUNTS[name].settle(scene, SETTLES_SECONDS) for name in accounts if name != "pages"]
    lasts(35, "an alert that was sent again could be told")
    figures.append(ACCOUNTS["pages"].settle(scene, 0))
    return [str(figure) for figure in figures if figure.found != figure.expected]


def health(container: str) -> str:
    return stack.run("docker", "inspect", "--format", "{{.State.Health.Status}}", f"{PROJECT}-{container}").strip()


def are_past(found: list[Sample]) -> bool:
    return bool(found) and all(sample.value == 0 for sample in found)


def firing(prometheus: Prometheus) -> set[str]:
    return {each["labels"]["alertname"] for each in prometheus.alerts() if each["state"] == "firing"}


def away(service: str, past: Past) -> float:
    """Killed, back after LASTS_SECONDS, and healthy again; seconds until queries were whole."""
    lasts(3, "a customer orders before it")
    stack.compose("kill", "--signal", "KILL", service)
    killed = time.monotonic()
    if service not in THE_WAY:
        eventually(past.is_found, f"whole answers without {service}", WHOLE_SECONDS)
    whole = time.monotonic() - killed
    lasts(max(0, LASTS_SECONDS - whole), f"{service} is away")
    stack.compose("start", service, timeout=120)
    eventually(lambda: started_anew(service)(0), f"{service} healthy", 120)
    if service in THE_WAY:
        eventually(past.is_found, f"whole answers with {service} again", WHOLE_SECONDS)
        whole = time.monotonic() - killed
    return whole
