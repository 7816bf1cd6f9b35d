"""Wagtail, as its own Compose project with the documented lines, is seen and judged as the sample is.

Its counts, lines, events, probes, containers and stores are its own; every panel of four boards draws it; the alerts of
each technology name it and reach the receivers; nothing of the sample changes.
"""

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from tests.support import boards, magazine, stack
from tests.support.boards import PanelQuery
from tests.support.erp import RESPONSES, VERSION_VIEW, Erp
from tests.support.loki import Loki
from tests.support.magazine import APPLICATION, ENV, SERVICES, Magazine
from tests.support.pages import CHANNELS, Page, Pages
from tests.support.panels import QUIET, Answers, numbers, without_constants
from tests.support.prometheus import Prometheus
from tests.support.tracker import ErrorEvent, Tracker
from tests.support.wait import eventually, stays

pytestmark = pytest.mark.alone
REQUESTS = 60
OF_IT = f'application="{APPLICATION}",env="{ENV}"'
BOARDS = {uid: board for uid, board in boards.load_boards().items() if uid != "erp-business"}
# Panels of a board that are rightly empty for it, each with the reason.
EMPTY = QUIET
QUERIES = [query for board in BOARDS.values() for query in boards.panel_queries(board)]
PLANTED_WARNING = "DO $$ BEGIN RAISE WARNING 'planted by a test'; END $$"
# By alert the service that it has to name.
ALERTS = {
    "PostgresDown": "db",
    "RedisDown": "redis",
    "CeleryWorkerMissing": "worker",
    "InstanceDown": "beat",
    "HttpErrorRatioHigh": "web",
    "ApplicationDown": "web",
}


@dataclass(frozen=True)
class Sample:
    """What a foreign application must not change."""

    targets: list[dict[str, str]]
    started: dict[str, str]
    version_requests: float

    @staticmethod
    def seen(prometheus: Prometheus, erp: Erp) -> "Sample":
        found = [each.labels for each in prometheus.query(f'up{{application!="{APPLICATION}",host=""}}')]
        return Sample(
            targets=sorted(found, key=lambda labels: sorted(labels.items())),
            started={name: each["State"]["StartedAt"] for name, each in stack.containers().items()},
            version_requests=erp.counter(RESPONSES, view=VERSION_VIEW),
        )


@pytest.fixture(scope="module")
def before(prometheus: Prometheus, erp: Erp) -> Sample:
    prometheus.wait_until_it_judges()  # by then it has found every container of a stack that has just been started
    return Sample.seen(prometheus, erp)


@pytest.fixture(scope="module")
def site(before: Sample, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Magazine]:
    assert before.targets
    folder = tmp_path_factory.mktemp("magazine")
    for each in (folder, folder.parent, folder.parent.parent):
        each.chmod(0o755)  # the programs in the containers are other users
    with magazine.running(folder) as started:
        yield started


@pytest.fixture(scope="module")
def since(site: Magazine) -> float:
    """Since when it has been asked; its database warns of nothing by itself."""
    begun = time.time()
    site.compose("exec", "-T", "db", "psql", "-q", "-U", "postgres", "-d", APPLICATION, "-c", PLANTED_WARNING)
    return begun


def test_its_requests_and_lines_are_exactly_counted(site: Magazine, prometheus: Prometheus, loki: Loki) -> None:
    marker = uuid.uuid4().hex
    site.ask(f"/stories/{marker}-N", REQUESTS)
    selected = f'{OF_IT},service="web"'
    query = f'{{{selected}}} |= "shown {marker}-"'
    found = eventually(lambda: loki.entries(query, seconds=600), "its lines", 30, until=lambda e: len(e) >= REQUESTS)
    assert sorted(entry.fields["message"] for entry in found) == sorted(f"shown {marker}-{n}" for n in range(REQUESTS))
    assert loki.entries(f'{{application=~".+",application!~"{APPLICATION}|monitoring"}} |= "{marker}"') == []
    total = f'sum({RESPONSES}{{{selected},view="story"}})'
    eventually(lambda: prometheus.value(total), total, 40, until=lambda value: value >= REQUESTS)
    assert stays(lambda: prometheus.value(total), total, 12, until=lambda value: value == REQUESTS)


def test_its_error_is_an_event_of_its_own_project(site: Magazine) -> None:
    marker = uuid.uuid4().hex
    site.ask(f"/broken/{marker}")

    def reported(tracker: Tracker) -> list[ErrorEvent]:
        return [each for each in tracker.events() if each.exception == marker]

    own = Tracker(application=APPLICATION)
    (event,) = eventually(lambda: reported(own), "its event", 30)
    assert (event.tags["application"], event.tags["service"]) == (APPLICATION, "web")
    assert reported(Tracker()) == []


@pytest.mark.parametrize(
    "series",
    [
        'up{SERVICE="web",probe=""}',
        'probe_success{SERVICE="web",probe="livez"}',
        'probe_success{SERVICE="web",probe="readyz"}',
        'pg_up{SERVICE="db"}',
        'redis_up{SERVICE="redis"}',
        'celery_queue_length{SERVICE="worker",queue="celery"} >= bool 0',
        'celery_tasks_total{SERVICE="worker",state="succeeded"} > bool 0',
        'celery_beat_last_tick_timestamp_seconds{SERVICE="beat"} > bool 0',
        *(f'docker_container_mem_usage{{SERVICE="{each}"}} > bool 0' for each in SERVICES),
        *(f'promtail_log_lines_total{{SERVICE="{each}"}} > bool 0' for each in SERVICES),
    ],
)
def test_its_parts_have_series_of_their_own(series: str, site: Magazine, prometheus: Prometheus) -> None:
    query = f"max({series.replace('SERVICE', f'{OF_IT},service')})"
    eventually(lambda: prometheus.value(query), query, 60, until=lambda value: value == 1)


@pytest.fixture(scope="module")
def chosen(site: Magazine, prometheus: Prometheus) -> dict[str, dict[str, str]]:
    """Each board's variables when a user chooses this application on it."""
    found: dict[str, dict[str, str]] = {}
    for uid, board in BOARDS.items():
        values = {**boards.values_of(board), "application": APPLICATION, "env": ENV}
        for variable in boards.variables(board):
            if variable["type"] == "query" and variable["name"] not in ("application", "env", "host"):

                def offered(variable: dict[str, Any] = variable, values: dict[str, str] = values) -> list[str]:
                    return boards.offered_values(variable, values, prometheus.label_values)

                of_it = eventually(offered, f"values of ${variable['name']} on {uid}", 60)
                if "allValue" not in variable:
                    values[variable["name"]] = "|".join(of_it)
        found[uid] = values
    return found


@pytest.mark.parametrize("query", QUERIES, ids=[query.name for query in QUERIES])
def test_panel_has_data_for_it(
    query: PanelQuery, chosen: dict[str, dict[str, str]], panel_answers: list[Answers], since: float
) -> None:
    asked = without_constants(query.filled(chosen[query.board]))
    for answers in panel_answers:

        def drawn(answers: Answers = answers) -> list[float]:
            return numbers(answers, asked, since)

        if query.name in EMPTY:
            drawn()
        else:
            eventually(drawn, f"data for {query.name} {answers.name}: {asked.expression}", 60, interval=2)


@pytest.fixture(scope="module")
def told(site: Magazine, pages: Pages, since: float) -> dict[str, list[Page]]:
    """What was told of each alert of ALERTS, after a fault for each; one of six requests fails all the time."""

    def pages_of(alert: str) -> list[Page]:
        found = [pages.of(alert, channel, since=since, resolution=False, says=APPLICATION) for channel in CHANNELS]
        return [page for each in found for page in each] if all(found) else []

    site.compose("rm", "--stop", "--force", "worker")
    site.compose("stop", "--timeout", "2", "beat", "db", "redis")
    for alert in ("PostgresDown", "RedisDown", "CeleryWorkerMissing", "InstanceDown"):
        eventually(partial(pages_of, alert), f"{alert} to be told", 120)
    site.up()
    eventually(partial(pages_of, "HttpErrorRatioHigh"), "HttpErrorRatioHigh to be told", 180)
    site.compose("stop", "--timeout", "2", "web")
    eventually(partial(pages_of, "ApplicationDown"), "ApplicationDown to be told", 90)
    return {alert: pages_of(alert) for alert in ALERTS}


@pytest.mark.parametrize("alert", ALERTS)
def test_an_alert_of_each_technology_names_it(alert: str, told: dict[str, list[Page]]) -> None:
    """By every channel. What is stopped one after the other may be told of as well, such as the worker."""
    assert {page.channel for page in told[alert] if ALERTS[alert] in page.text} == set(CHANNELS)
    assert [page.unrendered for page in told[alert] if page.unrendered] == []


def test_nothing_of_the_sample_changes(
    before: Sample, told: dict[str, list[Page]], prometheus: Prometheus, erp: Erp, pages: Pages, since: float
) -> None:
    assert Sample.seen(prometheus, erp) == before
    others = [page for alert in ALERTS for page in pages.of(alert, "slack", since=since)]
    assert [page.title for page in others if APPLICATION not in page.text] == []
