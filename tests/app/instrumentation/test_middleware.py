"""Each request: its ids, its one access line, and the URLs that get none."""

from typing import Any

import pytest
from django.test import Client
from harness.samples import here
from prometheus_client import REGISTRY

Lines = list[dict[str, Any]]


def access(lines: Lines) -> Lines:
    return [line for line in lines if line["logger"] == "access"]


def test_a_request_writes_one_access_line(buyer: Client, lines: Lines) -> None:
    buyer.get("/api/orders/O-123?card=4111111111111111", headers={"X-Request-ID": "mine"})
    (line,) = access(lines)
    expected = {
        "route": "api/orders/<slug:number>",
        "view": "api-order",
        "method": "GET",
        "status": 404,
        "request_id": "mine",
        "level": "INFO",
    }
    assert expected.items() <= line.items()
    assert isinstance(line["duration"], float)
    assert 0 < line["duration"] < 5
    assert line["user_id"]
    assert line["org_id"]
    assert "4111" not in str(lines)
    assert "O-123" not in str(lines)


def test_every_line_of_a_request_has_its_ids(buyer: Client, lines: Lines) -> None:
    answer = buyer.post("/api/orders", {"card_token": "tok", "lines": []}, "application/json")
    assert {line["request_id"] for line in lines} == {answer.headers["X-Request-ID"]}
    assert len({line["trace_id"] for line in lines}) == 1


def test_a_method_that_the_client_made_up_is_not_repeated(buyer: Client, lines: Lines) -> None:
    buyer.generic("FOO123", "/api/orders")
    (line,) = access(lines)
    assert (line["method"], line["status"]) == ("<invalid method>", 405)


def test_somebody_who_is_not_logged_in_has_no_ids(demo: object, lines: Lines) -> None:
    Client().get("/api/version")
    Client().get("/admin/login/")
    assert [(line["user_id"], line["org_id"]) for line in access(lines)] == [(None, None)] * 2


def test_a_user_of_the_admin_is_known_too(admin_client: Client, lines: Lines) -> None:
    admin_client.get("/admin/")
    (line,) = access(lines)
    assert line["user_id"]
    assert line["org_id"] is None


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz", "/metrics"])
def test_probes_and_scrapes_have_an_id_but_no_line_and_no_count(db: None, lines: Lines, path: str) -> None:
    before = here("django_http_requests_before_middlewares_total")
    answer = Client().get(path)
    assert answer.headers["X-Request-ID"]
    assert access(lines) == []
    assert here("django_http_requests_before_middlewares_total") == before


def test_a_failing_view_is_one_error_line_and_one_observation(db: None, lines: Lines, settings: Any) -> None:
    settings.ROOT_URLCONF = "harness.urls"
    client = Client(raise_request_exception=False)
    assert client.get("/fail?password=hunter2").status_code == 500
    (error,) = [line for line in lines if line["level"] == "ERROR"]
    assert error["logger"] == "django.request"
    assert "ZeroDivisionError" in error["exception"]
    assert error["request_id"]
    assert "hunter2" not in str(lines)
    latency = "django_http_requests_latency_seconds_by_view_method_count"
    assert here(latency, view="fail", method="GET") == 1
    assert here("django_http_exceptions_total_by_view_total", view="fail") == 1
    responses = "django_http_responses_total_by_status_view_method_total"
    assert here(responses, status="500", view="fail", method="GET") == 1


def test_a_method_that_the_client_made_up_makes_no_series(db: None, settings: Any) -> None:
    settings.ROOT_URLCONF = "harness.urls"
    for number in range(3):
        Client().generic(f"FOO{number}", "/fine")
    latency = "django_http_requests_latency_seconds_by_view_method_count"
    assert here(latency, view="fine", method="<invalid method>") == 3
    assert here(latency, view="fine", method="FOO1") == 0


@pytest.mark.parametrize(("view", "status"), [("missing", "404"), ("forbidden", "403")])
def test_what_is_answered_with_a_4xx_is_no_exception(db: None, settings: Any, view: str, status: str) -> None:
    settings.ROOT_URLCONF = "harness.urls"
    Client().get(f"/{view}")
    responses = "django_http_responses_total_by_status_view_method_total"
    assert here(responses, status=status, view=view, method="GET") == 1
    assert here("django_http_exceptions_total_by_view_total", view=view) == 0
    assert here("django_http_requests_latency_seconds_by_view_method_count", view=view, method="GET") == 1


def test_an_address_that_the_client_made_up_makes_no_series(db: None, settings: Any) -> None:
    settings.ROOT_URLCONF = "harness.urls"
    before = series()
    for number in range(3):
        Client().get(f"/made-up-{number}")
    assert {name for name in series() - before if "made-up" in str(name)} == set()


def series() -> set[tuple[str, ...]]:
    samples = [sample for family in REGISTRY.collect() for sample in family.samples]
    return {(sample.name, *sample.labels.values()) for sample in samples}


def test_a_request_that_the_project_dispatches_again_is_one(settings: Any, lines: Lines) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "harness.obstacles.AskTwice"]
    before = here("django_http_responses_total_by_status_total", status="200")
    answer = Client().get("/api/version")
    assert here("django_http_responses_total_by_status_total", status="200") == before + 1
    (line,) = access(lines)
    assert (line["request_id"], line["view"]) == (answer.headers["X-Request-ID"], "api-version")


def test_an_error_page_that_is_broken_itself_is_an_error_line_with_the_ids(settings: Any, lines: Lines) -> None:
    settings.ROOT_URLCONF = "harness.urls_broken_page"
    answer = Client(raise_request_exception=False).get("/nope")
    (line,) = [line for line in lines if line["level"] == "ERROR"]
    assert (answer.status_code, line["logger"], line["request_id"]) == (
        500,
        "django.request",
        answer.headers["X-Request-ID"],
    )
    assert "LookupError: the page of an error is broken" in line["exception"]
