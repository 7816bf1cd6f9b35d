"""One frozen object from the environment, and a sentence for each value that is none."""

import dataclasses
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_instrumentation import conf
from django_instrumentation.conf import Settings, from_environment

VARIABLES = [field.metadata["variable"] for field in dataclasses.fields(Settings) if "variable" in field.metadata]


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)


def test_every_variable_is_read_and_what_is_given_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "APPLICATION": "erp",
        "SERVICE": "shop",
        "ENV": "staging",
        "METRICS_PORT": "9",
        "SENTRY_USER_EMAIL": "False",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    found = from_environment(version="7")
    names = {"application": "erp", "service": "shop", "env": "staging", "version": "7"}
    assert found == Settings(**names, server_port=9, user_email=False)
    assert from_environment(service="given", version="7") == dataclasses.replace(found, service="given")


def test_a_secret_comes_from_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("METRICS_TOKEN", "from-environment")
    assert from_environment(service="shop").metrics_token == "from-environment"
    (tmp_path / "token").write_text("abc\n")
    monkeypatch.setenv("METRICS_TOKEN_FILE", str(tmp_path / "token"))
    assert from_environment(service="shop").metrics_token == "abc"


def test_a_secret_is_in_no_repr() -> None:
    shown = repr(Settings(service="shop", metrics_token="secret-1", sentry_dsn="secret-2"))
    assert "secret" not in shown


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("METRICS_PORT", "many", "METRICS_PORT is 'many'; expected a whole number"),
        (
            "METRICS_PORT",
            "70000",
            "server_port is 70000; expected a whole number, 0 to 65535. Set it in .*METRICS_PORT",
        ),
        ("METRICS_PORT", "1_000", "METRICS_PORT is '1_000'; expected a whole number"),
        ("MAX_BODY_BYTES", "-1", f"max_body_bytes is -1; expected a whole number, 0 to {sys.maxsize}. Set it in"),
        ("METRICS_MAX_VIEWS", "-5", "max_views is -5; expected a whole number, 0 to"),
        ("OTEL_TRACES_SAMPLER_ARG", "nan", "trace_ratio is nan; expected a number, 0 to 1"),
        ("METRICS_PATH", "/", "metrics_path is '/'; expected a path below / and without a space, such as /metrics"),
        ("SENTRY_USER_EMAIL", "yes", "SENTRY_USER_EMAIL is 'yes'; expected true or false"),
        ("LOG_LEVEL", "none", "log_level is 'none'; expected one of DEBUG, INFO, WARNING, ERROR, CRITICAL"),
        ("SENTRY_DSN_FILE", "/nowhere", "that SENTRY_DSN_FILE names can't be read"),
    ],
)
def test_a_wrong_value_is_a_sentence(monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=sentence):
        from_environment(service="shop")


@pytest.mark.parametrize("address", ["tcp://10.0.0.1:80", "udp://[fd00::1]:53"])
def test_the_address_of_a_service_named_metrics_is_no_port(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Kubernetes sets it in every pod of the namespace, Docker by --link."""
    monkeypatch.setenv("METRICS_PORT", address)
    assert from_environment(service="shop").server_port == 8001
    assert conf.ignored_address("METRICS_PORT") == address
    monkeypatch.setenv("INSTRUMENTATION_METRICS_PORT", "9")
    assert from_environment(service="shop").server_port == 9
    assert conf.ignored_address("METRICS_PORT") == ""
    monkeypatch.setenv("METRICS_PORT", "8")
    monkeypatch.setenv("INSTRUMENTATION_METRICS_PORT", address)
    assert from_environment(service="shop").server_port == 8


def test_the_level_and_the_format_are_read_in_any_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "info")
    monkeypatch.setenv("LOG_FORMAT", "JSON")
    found = from_environment(service="shop")
    assert (found.log_level, found.log_format) == ("INFO", "json")
    assert Settings(service="shop", log_level="debug").log_level == "DEBUG"


def test_a_variable_with_the_prefix_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """APPLICATION, SERVICE, ENV and VERSION are names that others use, too."""
    for name in VARIABLES:
        monkeypatch.setenv(name, "theirs")
    (tmp_path / "token").write_text("ours")
    given = dict.fromkeys(("APPLICATION", "SERVICE", "ENV", "VERSION"), "ours")
    given["METRICS_TOKEN_FILE"] = str(tmp_path / "token")
    for name, value in given.items():
        monkeypatch.setenv(f"INSTRUMENTATION_{name}", value)
    found = from_environment(**{field.name: field.default for field in dataclasses.fields(Settings)[4:] if field.repr})
    assert {found.application, found.service, found.env, found.version, found.metrics_token} == {"ours"}
    assert found.sentry_dsn == "theirs"


@pytest.mark.parametrize(
    ("argv", "module", "expected"),
    [
        (["gunicorn", "-c", "gunicorn.conf.py", "shop.wsgi"], "", "shop"),
        (["gunicorn", "-b", "127.0.0.1:8000", "shop.wsgi:application"], "other.settings", "shop"),
        (["uvicorn", "--host", "127.0.0.1", "shop.asgi:application"], "", "shop"),
        (["gunicorn", "--config", "python:django_instrumentation.gunicorn", "config.wsgi"], "", "config"),
        (["manage.py", "migrate"], "shop.settings.production", "shop"),
        (["manage.py", "migrate"], "", "django"),
    ],
)
def test_without_a_name_application_and_service_are_the_project(
    monkeypatch: pytest.MonkeyPatch, argv: list[str], module: str, expected: str
) -> None:
    monkeypatch.setattr(sys, "argv", argv)
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", module)
    found = from_environment()
    assert (found.application, found.service) == (expected, expected)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"service": ""},
            r"service is ''; expected a name without .* Set it in the environment variable SERVICE or in setup",
        ),
        ({"metrics_path": "/a b"}, r"metrics_path is '/a b'; expected a path below / and without a space"),
        ({"trace_endpoint": "jaeger:4318"}, "expected an address such as http://jaeger:4318"),
        ({"trace_ratio": 2.5}, "trace_ratio is 2.5; expected a number, 0 to 1"),
        ({"server_port": True}, "server_port is True; expected a whole number"),
        ({"metrics_token": 12345}, "metrics_token is a value of another kind; expected a text"),
        ({"ready_checks": "database"}, "ready_checks is 'database'; expected a tuple"),
        ({"organization_attribute": None}, r"organization_attribute is None; expected a text\. Set it in setup"),
    ],
)
def test_a_wrong_argument_is_a_sentence(given: dict[str, object], sentence: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=sentence):
        from_environment(**{"service": "shop", **given})


def test_another_object_in_the_settings_is_refused(settings: object) -> None:
    settings.INSTRUMENTATION = {"service": "shop"}
    with pytest.raises(ImproperlyConfigured, match=r"is dict; expected django_instrumentation\.conf"):
        conf.get()


def test_a_value_that_is_one_in_another_spelling_is_taken() -> None:
    assert conf.parse("METRICS_PORT", "+8001", int) == 8001
    assert Settings(service="shop", trace_endpoint="HTTP://jaeger:4318").trace_endpoint == "HTTP://jaeger:4318"
