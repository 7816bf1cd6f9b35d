"""A foreign Compose project with the documented lines is seen by all that watch, and tells when it is stopped."""

import re
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ops.settings import NETWORK
from tests.support import own_application, stack
from tests.support.loki import Loki
from tests.support.own_application import APPLICATION, ENV, SERVICE, OwnApplication
from tests.support.prometheus import Prometheus
from tests.support.tracker import ErrorEvent, Tracker
from tests.support.wait import eventually, stays

pytestmark = pytest.mark.alone
REQUESTS = 40
IDENTITY = {"application": APPLICATION, "env": ENV, "service": SERVICE}
SELECTED = f'application="{APPLICATION}",env="{ENV}",service="{SERVICE}"'


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnApplication]:
    folder = tmp_path_factory.mktemp("shop")
    for each in (folder, folder.parent, folder.parent.parent):
        each.chmod(0o755)  # the program in the container is another user
    with own_application.running(folder) as started:
        yield started


def becomes(prometheus: Prometheus, expression: str, expected: float) -> dict[str, str]:
    """The labels of the one series of the expression, once it has the value."""
    found = eventually(
        lambda: prometheus.query(expression), expression, 60, until=lambda found: [s.value for s in found] == [expected]
    )
    return {name: value for name, value in found[0].labels.items() if name != "__name__"}


def test_it_is_a_target_with_its_identity_and_without_a_kind(shop: OwnApplication, prometheus: Prometheus) -> None:
    labels = becomes(prometheus, f'up{{{SELECTED},probe=""}}', 1)
    assert labels == {**IDENTITY, "job": SERVICE, "instance": f"{SERVICE}:8000"}


@pytest.mark.parametrize("page", ["livez", "readyz"])
def test_its_health_pages_are_probed(page: str, shop: OwnApplication, prometheus: Prometheus) -> None:
    labels = becomes(prometheus, f'probe_success{{{SELECTED},probe="{page}"}}', 1)
    assert labels == {**IDENTITY, "job": "blackbox", "instance": f"http://{SERVICE}:8000/{page}", "probe": page}


def test_its_requests_and_lines_are_exactly_counted(shop: OwnApplication, prometheus: Prometheus, loki: Loki) -> None:
    marker = uuid.uuid4().hex
    eventually(shop.answers, "the program to answer", 30)
    shop.ask(marker, REQUESTS)
    query = f'{{{SELECTED}}} |= "shown {marker}-"'
    found = eventually(lambda: loki.entries(query, seconds=600), "its lines", 30, until=lambda e: len(e) >= REQUESTS)
    assert sorted(entry.fields["message"] for entry in found) == sorted(f"shown {marker}-{n}" for n in range(REQUESTS))
    assert {tuple(sorted(entry.labels.items())) for entry in found} == {
        tuple(sorted({**IDENTITY, "level": "INFO", "stream": "stdout"}.items()))
    }
    total = f"sum(django_http_responses_total_by_status_view_method_total{{{SELECTED}}})"
    eventually(lambda: prometheus.value(total), total, 40, until=lambda value: value >= REQUESTS)
    assert stays(lambda: prometheus.value(total), total, 12, until=lambda value: value == REQUESTS)


def test_its_error_is_an_event_of_its_own_project_with_its_identity(shop: OwnApplication) -> None:
    tracker = Tracker(application=APPLICATION)
    marker = f"broken-{uuid.uuid4().hex}"
    shop.ask(marker, 1)

    def reported() -> list[ErrorEvent]:
        return [each for each in tracker.events() if each.exception == f"{marker}-0"]

    (event,) = eventually(reported, "its event", 30)
    assert {"application": event.tags["application"], "service": event.tags["service"]} == {
        "application": APPLICATION,
        "service": SERVICE,
    }
    assert event.data["environment"] == ENV


def test_its_lines_and_its_container_are_figures_of_its_own(shop: OwnApplication, prometheus: Prometheus) -> None:
    eventually(lambda: prometheus.query(f"promtail_log_lines_total{{{SELECTED}}} > 0"), "its count of lines", 60)
    memory = eventually(lambda: prometheus.query(f"docker_container_mem_usage{{{SELECTED}}}"), "its memory", 60)
    assert [sample.labels["job"] for sample in memory] == ["telegraf"]


def test_make_profile_names_the_function_that_costs_most(shop: OwnApplication) -> None:
    eventually(shop.answers, "the program to answer", 30)
    with ThreadPoolExecutor(1) as customer:
        asked = customer.submit(shop.ask, "hot", 200)
        words = ("profile", SERVICE, "5s", APPLICATION)
        printed = stack.run(sys.executable, "-m", "ops", *words, timeout=120)
        asked.result()
    first = {
        kind: table.splitlines()[3] for kind, table in re.findall(r"By (cpu|wall) time, (.+?)(?:\n\n|$)", printed, re.S)
    }
    assert "planted_hot_function (shop/settings.py" in first["cpu"], printed
    graphs = [Path(found) for found in re.findall(r"the flame graph is (\S+\.svg)", printed)]
    assert ["planted_hot_function" in graph.read_text(encoding="utf-8") for graph in graphs] == [True, True]


@pytest.fixture
def odd(shop: OwnApplication) -> Iterator[list[str]]:
    """Containers that are no instance of it: one of `docker compose run`, one without a name, one with a long one."""
    sleep = ("sleep", "infinity")
    labels = ("--network", NETWORK, "--label", "observability.metrics-port=8000")
    image = shop.compose("images", "--quiet", SERVICE).strip()
    made = [shop.compose("run", "--detach", "--no-deps", SERVICE, *sleep).strip()]
    try:
        for name in ("", "x" * 2000):
            label = f"observability.application={name}"
            made.append(stack.run("docker", "run", "--detach", *labels, "--label", label, image, *sleep).strip())
        yield made
    finally:
        stack.run("docker", "rm", "--force", *made)


def test_what_runs_once_or_has_no_name_is_not_watched(odd: list[str], prometheus: Prometheus) -> None:
    ids = set(stack.run("docker", "inspect", "--format", "{{.Id}}", *odd).split())

    def found(state: str) -> set[str]:
        targets = prometheus.get("targets", state=state)[f"{state}Targets"]
        return {each["discoveredLabels"].get("__meta_docker_container_id", "") for each in targets} & ids

    eventually(lambda: found("dropped"), "Prometheus to have seen them", 40, until=lambda seen: seen == ids)
    assert found("active") == set()
    # One label that is too long would make its whole scrape fail.
    telegraf = 'up{service="telegraf"}'
    stays(lambda: prometheus.value(telegraf), "Telegraf's figures of all", 25, until=lambda value: value == 1)


def test_make_applications_lists_it(shop: OwnApplication) -> None:
    done = eventually(
        lambda: stack.run(sys.executable, "-m", "ops", "applications"), "make applications to miss nothing", 60
    )
    (row,) = [line.split() for line in done.splitlines() if line.startswith(f"{APPLICATION} ")]
    assert row[:8] == [APPLICATION, ENV, "1", "of", "1", "2", "of", "2"]


def test_stopped_it_is_down_and_removed_it_is_gone(shop: OwnApplication, prometheus: Prometheus) -> None:
    shop.compose("stop", "--timeout", "2")
    becomes(prometheus, f'up{{{SELECTED},probe=""}}', 0)
    becomes(prometheus, f'probe_success{{{SELECTED},probe="readyz"}}', 0)
    stays(
        lambda: prometheus.value(f'count(up{{{SELECTED},probe=""}} == 0)'),
        "a stopped container is a target that is down",
        25,
        until=lambda value: value == 1,
    )
    shop.compose("down", "--timeout", "2")
    eventually(lambda: prometheus.query(f"up{{{SELECTED}}}"), "no target", 60, until=lambda found: not found)
