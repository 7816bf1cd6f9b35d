"""The three steps of the package's README give a project that isn't ours exact counts, lines, errors and health."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.erp import RESPONSES, Ids, sum_samples
from tests.support.readme import blocks
from tests.support.tracker import Tracker
from tests.support.wait import eventually
from tests.takehome.project import CHECKED, Project

REQUESTS = 150
AT_ONCE = 12


@pytest.fixture(scope="module")
def ids(project: Project) -> list[str]:
    """The ids of so many requests, sent by several clients at once."""
    given = [Ids.fresh("home") for _ in range(REQUESTS)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda each: project.get("/hello", **each.headers), given))
    assert {answer.status_code for answer in answers} == {200}
    return [each.request for each in given]


def test_requests_are_exactly_counted(project: Project, ids: list[str]) -> None:
    assert sum_samples(project.metrics(), RESPONSES, {"view": "hello", "status": "200"}) == REQUESTS


def test_each_request_has_one_line(project: Project, ids: list[str]) -> None:
    assert sorted(line["request_id"] for line in project.lines(logger="access", view="hello")) == sorted(ids)


def test_three_workers_served(project: Project, ids: list[str]) -> None:
    said = [line["message"] for line in project.lines(logger="gunicorn.error")]
    assert sum("Booting worker" in message for message in said) == 3


def test_an_error_reaches_the_tracker_once_with_the_ids_of_its_line(project: Project) -> None:
    given = Ids.fresh("home-error")
    answer = project.get("/broken", **given.headers)
    assert answer.status_code == 500
    assert answer.headers["X-Request-ID"] == given.request
    (event,) = eventually(lambda: Tracker().with_tag("request_id", given.request), "the error event", 20)
    (line,) = project.lines(logger="django.request", request_id=given.request)
    assert line["trace_id"] == given.trace == event.trace_id
    assert "broken on purpose" in line["exception"]
    assert (event.tags["application"], event.tags["service"]) == ("shop", "shop-web")
    assert (line["application"], line["service"]) == ("shop", "shop-web")
    assert sum_samples(project.metrics(), "sentry_events_total", {"level": "error"}) == 1
    assert (
        sum_samples(project.metrics(), "django_http_requests_latency_seconds_by_view_method_count", {"view": "broken"})
        == 1
    )


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz"])
def test_health_is_green_whatever_the_host(project: Project, path: str) -> None:
    assert project.get(path, Host="probe.example").status_code == 200
    assert project.get("/hello", Host="probe.example").status_code == 400


def test_a_larger_body_than_the_set_up_allows_is_refused(project: Project) -> None:
    limit = int(re.findall(r"MAX_BODY_BYTES=(\d+)", blocks()["run"])[0])
    statuses = [project.post("/hello", b"x" * size).status_code for size in (limit, limit + 1)]
    assert (statuses[0] == 413, statuses[1]) == (False, 413)


def test_metrics_want_the_token(project: Project) -> None:
    assert project.get("/metrics").status_code == 401


def test_every_line_is_of_the_schema(project: Project, ids: list[str]) -> None:
    assert CHECKED in project.log.read_text(encoding="utf-8")
    assert project.against_the_schema() == []
