"""One frozen object from the environment, and a sentence for each value that is none."""

import dataclasses
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from django_o11y import conf
from django_o11y.conf import Settings, from_environment

VARIABLES = [field.metadata["variable"] for field in dataclasses.fields(Settings) if "variable" in field.metadata]


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"{name}_FILE", raising=False)


def test_every_variable_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"SERVICE": "shop", "ENV": "staging", "METRICS_PORT": "9", "SENTRY_USER_EMAIL": "False"}.items():
        monkeypatch.setenv(name, value)
    found = from_environment(version="7")
    assert found == Settings(service="shop", env="staging", version="7", server_port=9, user_email=False)


def test_what_is_given_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICE", "shop")
    assert from_environment(service="other").service == "other"


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
        ("METRICS_PORT", "70000", "expected 0 to 65535"),
        ("SENTRY_USER_EMAIL", "yes", "SENTRY_USER_EMAIL is 'yes'; expected true or false"),
        ("LOG_LEVEL", "LOUD", "log_level is 'LOUD'; expected one of DEBUG"),
        ("METRICS_PATH", "metrics", "metrics_path is 'metrics'; expected a path such as /metrics"),
        ("SENTRY_DSN_FILE", "/nowhere", "that SENTRY_DSN_FILE names can't be read"),
    ],
)
def test_a_wrong_value_is_a_sentence(monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=sentence):
        from_environment(service="shop")


def test_no_service_is_a_sentence() -> None:
    with pytest.raises(ImproperlyConfigured, match="has no service"):
        from_environment()


def test_another_object_in_the_settings_is_refused(settings: object) -> None:
    settings.O11Y = {"service": "shop"}
    with pytest.raises(ImproperlyConfigured, match=r"is dict; expected django_o11y\.conf"):
        conf.get()
