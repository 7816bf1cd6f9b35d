"""Each check finds what it is for, and the sample ERP gives none of them a reason to speak."""

import dataclasses
import os
from typing import Any

import django
import pytest
from django.conf import settings as django_settings
from django.core.checks import run_checks

REQUEST, HEALTH = "django_o11y.middleware.RequestMiddleware", "django_o11y.middleware.HealthMiddleware"
BEFORE, AFTER = "django_o11y.prometheus.BeforeMiddleware", "django_o11y.prometheus.AfterMiddleware"
GIVEN = list(django_settings.MIDDLEWARE)


def found(*, deploy: bool = False) -> set[str]:
    messages = run_checks(tags=["django_o11y"], include_deployment_checks=deploy)
    for message in messages:
        assert message.hint
        assert message.msg.endswith(".")
    return {message.id.partition(".")[2] for message in messages}


def without(*names: str) -> list[str]:
    return [name for name in GIVEN if name not in names]


def test_the_sample_is_in_order() -> None:
    assert found(deploy=True) == set()


@pytest.mark.parametrize(
    ("name", "value", "identifier"),
    [
        ("INSTALLED_APPS", [app for app in django_settings.INSTALLED_APPS if app != "django_prometheus"], "E002"),
        ("MIDDLEWARE", without(REQUEST), "E003"),
        ("MIDDLEWARE", [*without(REQUEST), REQUEST], "W003"),
        ("MIDDLEWARE", without(HEALTH), "E004"),
        ("MIDDLEWARE", [*without(HEALTH, AFTER), HEALTH, AFTER], "W004"),
        ("MIDDLEWARE", [*without(BEFORE), "django_prometheus.middleware.PrometheusBeforeMiddleware"], "W005"),
        ("MIDDLEWARE", [*without(AFTER)[:2], AFTER, *without(AFTER)[2:]], "W006"),
        ("MIDDLEWARE", without(BEFORE), "E006"),
        ("ROOT_URLCONF", "harness.urls_open", "W009"),
        ("ROOT_URLCONF", "harness.urls_empty", "W008"),
        ("LOGGING", {"version": 1}, "W011"),
        ("PROMETHEUS_METRICS_EXPORT_PORT", 8001, "E014"),
        ("PROMETHEUS_METRICS_EXPORT_PORT_RANGE", range(8001, 8050), "E014"),
        ("PROMETHEUS_EXPORT_MIGRATIONS", True, "W015"),
        ("CELERY_BROKER_TRANSPORT_OPTIONS", {"visibility_timeout": 60}, "W012"),
    ],
)
def test_fault_in_the_settings_is_found(settings: Any, name: str, value: object, identifier: str) -> None:
    setattr(settings, name, value)
    assert identifier in found()


def test_workers_without_a_common_folder_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_CONCURRENCY", "3")
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    assert found() == {"E008"}


def test_the_tests_run_on_the_django_that_they_are_for() -> None:
    assert ".".join(map(str, django.VERSION[:2])) == os.environ.get("DJANGO_SERIES", "5.2")


def test_an_unsupported_django_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(django, "VERSION", (6, 1, 0, "final", 0))
    assert found() == {"E001"}


def test_debug_is_found_before_a_deploy(settings: Any) -> None:
    settings.DEBUG = True
    assert found() == set()
    assert found(deploy=True) == {"W010"}


@pytest.mark.parametrize(("value", "identifier"), [({"service": "x"}, "E007"), (None, "W007")])
def test_settings_that_are_none_are_found(settings: Any, value: object, identifier: str) -> None:
    settings.O11Y = value or dataclasses.replace(django_settings.O11Y, metrics_token="")
    assert identifier in found()
