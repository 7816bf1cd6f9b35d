"""Wagtail and django-oscar under gunicorn with three workers, after the README's steps and nothing else."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path
from time import monotonic

import pytest

from tests.support import postgres, sink
from tests.support.erp import RESPONSES, Ids, sum_samples
from tests.support.postgres import Postgres
from tests.support.sink import Sink
from tests.support.wait import eventually
from tests.takehome.project import Project, install, running, set_up, shell
from tests.takehome.projects.foreign import OSCAR, WAGTAIL, Foreign

pytestmark = [pytest.mark.thorough, pytest.mark.timeout(600)]
REQUESTS = 120
AT_ONCE = 6
PATIENCE = 6.0
"""What a probe or a scrape may take when the database doesn't answer."""
BROKEN = """

def broken(request):
    raise RuntimeError("broken on purpose")


urlpatterns = [path("broken", broken, name="broken"), *urlpatterns]
"""


@pytest.fixture(scope="module", params=[WAGTAIL, OSCAR], ids=lambda each: each.name)
def foreign(request: pytest.FixtureRequest) -> Foreign:
    found: Foreign = request.param
    return found


@pytest.fixture(scope="module")
def folder(foreign: Foreign, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp(foreign.name)


@pytest.fixture(scope="module")
def database(folder: Path) -> Iterator[Postgres]:
    with postgres.running(folder, "takehome") as made:
        yield made


@pytest.fixture(scope="module")
def tracker(folder: Path) -> Iterator[Sink]:
    """A new one for each project, as the folder is: an earlier one's events stay in its own."""
    assert folder.is_dir()
    with sink.running() as started:
        yield started


@pytest.fixture(scope="module")
def project(foreign: Foreign, folder: Path, database: Postgres, tracker: Sink) -> Iterator[Project]:
    first = f"pip install '{foreign.requirement}' 'psycopg[binary]'"
    environment = {
        **install(folder, foreign.pins, first),
        **database.variables,
        "DJANGO_SETTINGS_MODULE": foreign.settings_module,
    }
    settings, urls = foreign.make(folder, environment)
    set_up(folder / "shop", settings, urls, BROKEN)
    shell(
        "python manage.py migrate -v 0 && python manage.py collectstatic --no-input -v 0", folder / "shop", environment
    )
    with running(folder / "shop", folder, environment, f"http://key@{tracker.address}/1") as started:
        yield started


def visit(project: Project, foreign: Foreign, number: int) -> None:
    paths = islice(cycle(foreign.pages.values()), number)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        statuses = [answer.status_code for answer in pool.map(project.get, paths)]
    assert statuses == [200] * number


def answered(project: Project, foreign: Foreign) -> int:
    text = project.metrics()
    return int(sum(sum_samples(text, RESPONSES, {"view": view, "status": "200"}) for view in foreign.pages))


def access_lines(project: Project, foreign: Foreign) -> int:
    return sum(line["view"] in foreign.pages for line in project.lines(logger="access"))


def test_counts_are_exact_over_a_killed_worker_and_a_reload(project: Project, foreign: Foreign) -> None:
    visit(project, foreign, REQUESTS)
    eventually(lambda: access_lines(project, foreign) == REQUESTS, "all lines", 10)
    victim = project.workers()[0]
    os.kill(victim, signal.SIGKILL)
    visit(project, foreign, REQUESTS)
    eventually(lambda: victim not in project.workers() and len(project.workers()) == 3, "a successor", 20)
    old = set(project.workers())
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(visit, project, foreign, REQUESTS)
        project.process.send_signal(signal.SIGHUP)
        under_way.result()
    eventually(lambda: not old & set(project.workers()) and len(project.workers()) == 3, "new workers", 40)
    visit(project, foreign, REQUESTS)
    eventually(lambda: access_lines(project, foreign), "a line of each", 10, until=lambda n: n == 4 * REQUESTS)
    assert answered(project, foreign) == 4 * REQUESTS


def test_a_planted_error_is_one_event_with_the_ids_of_its_line(project: Project, tracker: Sink) -> None:
    given = Ids.fresh("planted")
    assert project.get("/broken", **given.headers).status_code == 500
    eventually(lambda: tracker.events, "the event", 20)
    said = [str(event.get("logentry") or event["exception"]["values"][-1]["value"]) for event in tracker.events]
    assert said == ["broken on purpose"]
    (event,) = tracker.events
    assert (event["tags"]["request_id"], event["tags"]["service"]) == (given.request, "shop-web")
    (line,) = project.lines(request_id=given.request, level="ERROR")
    assert line["trace_id"] == given.trace == event["contexts"]["trace"]["trace_id"]


def test_metrics_are_there_under_any_host(project: Project) -> None:
    assert "django_http_requests" in project.metrics(Host="web:8000")
    assert project.get("/metrics", Host="web:8000").status_code == 401
    assert project.get("/admin/login/", Host="web:8000").status_code == 400


@pytest.mark.parametrize("state", ["stopped", "hung"])
def test_health_and_metrics_answer_without_the_database(project: Project, database: Postgres, state: str) -> None:
    def status(path: str) -> int:
        began = monotonic()
        found = project.get(path, Host="probe.example").status_code
        assert monotonic() - began < PATIENCE
        return found

    with getattr(database, state)():
        # An answer is kept for a second, also one from before.
        eventually(lambda: status("/readyz"), "to be not ready", 10, until=lambda code: code == 503, not_yet=())
        assert status("/livez") == 200
        status("/healthz")
        began = monotonic()
        assert "django_http_requests" in project.metrics(Host="web:8000")
        assert monotonic() - began < PATIENCE
    eventually(lambda: project.get("/readyz").ok, "readiness when the database is back", 30)


def test_every_line_is_of_the_schema(project: Project) -> None:
    assert project.against_the_schema() == []
