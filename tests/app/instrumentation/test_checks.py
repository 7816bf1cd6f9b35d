"""Each check finds what it is for, and the sample ERP gives none of them a reason to speak."""

import dataclasses
import os
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import django
import pytest
from django.conf import settings as django_settings
from django.core.checks import CheckMessage, run_checks
from django.db import connections
from django.urls import path
from harness import obstacles_own
from harness.obstacles import own_page
from harness.tracker import Tracker

from django_instrumentation import installation, tracing

GIVEN = list(django_settings.MIDDLEWARE)
FIRST = installation.MIDDLEWARE
PAGES = ["/livez", "/healthz", "/readyz", "/metrics"]
PATHS = ("live_path", "health_path", "ready_path", "metrics_path")
IN_THE_NAME = re.compile(r"django_instrumentation\.([a-z_]+)")


def messages(*, deploy: bool = False) -> list[CheckMessage]:
    found = run_checks(tags=["django_instrumentation"], include_deployment_checks=deploy)
    for message in found:
        assert message.hint
        assert message.msg.endswith(".")
        for module in IN_THE_NAME.findall(f"{message.msg} {message.hint}"):
            assert module == "setup" or import_module(f"django_instrumentation.{module}")
    return found


def found(*, deploy: bool = False) -> set[str]:
    return {message.id.partition(".")[2] for message in messages(deploy=deploy)}


def test_the_sample_is_in_order() -> None:
    assert messages(deploy=True) == []


@pytest.mark.parametrize(
    ("name", "value", "identifier"),
    [
        ("MIDDLEWARE", [], "E003"),
        ("MIDDLEWARE", [each for each in GIVEN if each != FIRST], "E003"),
        ("MIDDLEWARE", ["harness.middleware.page", *GIVEN], "E003"),
        ("MIDDLEWARE", [*GIVEN, "django_prometheus.middleware.PrometheusAfterMiddleware"], "W005"),
        ("ROOT_URLCONF", "harness.obstacles_own", "E009"),
        ("ROOT_URLCONF", "harness.urls_open", "W009"),
        ("LOGGING_CONFIG", None, "W011"),
        ("LOGGING_CONFIG", "logging.config.dictConfig", "W011"),
        ("PROMETHEUS_METRICS_EXPORT_PORT", 8001, "E014"),
        ("PROMETHEUS_METRICS_EXPORT_PORT_RANGE", range(8001, 8050), "E014"),
        ("PROMETHEUS_EXPORT_MIGRATIONS", True, "W015"),
        ("INSTRUMENTATION", {"service": "x"}, "E007"),
    ],
)
def test_fault_in_the_settings_is_found(settings: Any, name: str, value: object, identifier: str) -> None:
    setattr(settings, name, value)
    assert identifier in found()


def test_a_project_that_answers_no_requests_has_no_pages_to_be_hidden(settings: Any) -> None:
    del settings.ROOT_URLCONF
    assert found(deploy=True) == set()


def test_without_the_middleware_the_check_before_a_deploy_says_that_and_no_more(settings: Any) -> None:
    settings.MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
    assert found(deploy=True) == {"E003"}


def test_each_page_of_the_project_s_own_is_named(settings: Any) -> None:
    settings.ROOT_URLCONF = "harness.obstacles_own"
    said = [message.msg for message in messages() if message.id == "django_instrumentation.E009"]
    assert [sentence.partition(" ")[0] for sentence in said] == PAGES
    assert all("harness.obstacles.own_page" in sentence for sentence in said)


def test_another_path_makes_room_for_a_page_of_the_project_s_own(settings: Any) -> None:
    settings.ROOT_URLCONF = "harness.obstacles_own"
    paths = {
        "metrics_path": "/instrumentation/metrics",
        "live_path": "/-/live",
        "ready_path": "/-/ready",
        "health_path": "",
    }
    settings.INSTRUMENTATION = dataclasses.replace(settings.INSTRUMENTATION, **paths)
    assert found() == set()


def test_a_catch_all_route_is_no_page_of_its_own(settings: Any) -> None:
    settings.ROOT_URLCONF = "harness.obstacles"
    assert found() == set()


@pytest.mark.parametrize(
    ("middleware", "answer"),
    [
        (
            "harness.middleware.to_https",
            "is answered with 302 to https://shop.example/livez, and not by django_instrumentation.",
        ),
        ("harness.middleware.by_host", "is answered with 400, and not by django_instrumentation."),
        ("harness.middleware.by_tenant", "is answered with 500, and not by django_instrumentation."),
        ("harness.middleware.page", "is answered with 200, and not by django_instrumentation."),
    ],
)
def test_what_answers_in_place_of_our_pages_is_named(
    settings: Any, db: None, middleware: str, answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pages are asked for, with a foreign Host and without the database."""
    connections["default"].ensure_connection()
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "metrics"))
    settings.MIDDLEWARE = [middleware, *GIVEN]
    said = [message for message in messages(deploy=True) if message.id == "django_instrumentation.E016"]
    assert [message.msg.split()[1] for message in said] == PAGES
    assert said[0].msg.endswith(answer)
    assert all(f"First of MIDDLEWARE: {middleware}." in str(message.hint) for message in said)
    assert not (tmp_path / "metrics").exists()
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT 1")


def test_workers_without_a_common_folder_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_CONCURRENCY", "3")
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    assert found() == {"E008"}


def test_the_tests_run_on_the_django_that_they_are_for() -> None:
    assert ".".join(map(str, django.VERSION[:2])) == os.environ.get("DJANGO_SERIES", "5.2")


def test_a_missing_token_is_found_before_a_deploy(settings: Any) -> None:
    settings.INSTRUMENTATION = dataclasses.replace(django_settings.INSTRUMENTATION, metrics_token="")
    assert found() == set()
    assert found(deploy=True) == {"W007"}


def test_debug_is_found_before_a_deploy(settings: Any) -> None:
    settings.DEBUG = True
    assert found() == set()
    (message,) = messages(deploy=True)
    assert (message.id, "exception" in message.msg) == ("django_instrumentation.W010", False)


def test_tracing_without_its_packages_is_found(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.INSTRUMENTATION = dataclasses.replace(settings.INSTRUMENTATION, trace_endpoint="http://127.0.0.1:9")
    assert found() == set()
    monkeypatch.setattr(tracing, "find_spec", lambda name: None if "exporter" in name else object())
    assert found() == {"E013"}
    tracing.start()
    assert not tracing.is_on()


def test_a_middleware_that_fails_in_the_check_is_no_event(settings: Any, tracker: Tracker) -> None:
    import sentry_sdk

    settings.MIDDLEWARE = ["harness.middleware.by_tenant", *GIVEN]
    with sentry_sdk.new_scope() as scope:
        scope.set_client(sentry_sdk.Client(dsn=tracker.dsn))
        assert "E016" in found(deploy=True)
        sentry_sdk.flush()
    assert tracker.events == []


@pytest.mark.parametrize("name", PATHS)
def test_a_page_without_a_path_is_none_to_be_asked(settings: Any, lines: list[dict[str, Any]], name: str) -> None:
    settings.INSTRUMENTATION = dataclasses.replace(settings.INSTRUMENTATION, **{name: ""})
    assert found(deploy=True) == set()
    assert [line for line in lines if line["logger"] == "access"] == []
    settings.INSTRUMENTATION = dataclasses.replace(settings.INSTRUMENTATION, metrics_token="")
    assert found(deploy=True) == (set() if name == "metrics_path" else {"W007"})


@pytest.mark.parametrize("name", PATHS)
def test_two_pages_with_one_path_are_named(settings: Any, name: str) -> None:
    other = "metrics_path" if name == "live_path" else "live_path"
    settings.INSTRUMENTATION = dataclasses.replace(
        settings.INSTRUMENTATION, **{name: getattr(settings.INSTRUMENTATION, other)}
    )
    said = [message.msg for message in messages(deploy=True)]
    if name == "health_path":  # it answers as live_path does
        assert said == []
    else:
        path = getattr(settings.INSTRUMENTATION, other)
        first, second = sorted((name, other), key=PATHS.index)
        assert said == [f"{first} and {second} are both {path}; expected two paths, because they are two pages."]


@pytest.mark.parametrize("route", ["<text>", "<slug:page>"])
def test_a_route_for_any_word_is_no_page_of_its_own(settings: Any, monkeypatch: pytest.MonkeyPatch, route: str) -> None:
    monkeypatch.setattr(obstacles_own, "urlpatterns", [path(route, own_page)])
    settings.ROOT_URLCONF = "harness.obstacles_own"
    assert found() == set()
