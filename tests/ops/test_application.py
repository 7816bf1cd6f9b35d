"""What `make application` refuses; tests/e2e/test_own_application.py starts what it prints."""

import pytest

from ops.application import application
from ops.console import OpsError
from ops.settings import Settings
from ops.stack import Stack


@pytest.mark.parametrize(
    "name", ["", "Shop", "shop_1", "-shop", "shop-", "s", "a" * 33, "erp", "monitoring", "sandbox", "a b"]
)
def test_a_name_that_cannot_be_one_is_refused_before_anything_is_asked(name: str, settings: Settings) -> None:
    with pytest.raises(OpsError, match="is no application's name; expected small letters, digits and hyphens"):
        application(Stack(settings, "official"), name)


def test_a_tracker_that_is_down_is_told(settings: Settings) -> None:
    nobody = Settings({**settings.values, "BUGSINK_PORT": "9"}, {})
    with pytest.raises(OpsError, match=r"Bugsink doesn't answer at http://127\.0\.0\.1:9 .*`make up`"):
        application(Stack(nobody, "official"), "shop")


def test_with_an_external_tracker_its_dsn_is_used(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    external = Settings(settings.values, {"SENTRY_DSN": "https://key@tracker.example/1"})
    application(Stack(external, "official"), "shop", "staging", "api", "9000")
    printed = capsys.readouterr().out
    assert "/sentry_dsn}" in printed
    assert 'observability.metrics-port: "9000"' in printed
    assert printed.count("staging") == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("a b", "", ""), "IN_ENV='a b': expected at most 63 letters"),
        (("", 'we"b', ""), "SERVICE='we\"b': expected at most 63 letters"),
        (("", "", "80;90"), "PORT='80;90': expected a port's number"),
        (("", "", "65536"), "PORT='65536': expected a port's number, at most 65535"),
    ],
)
def test_a_word_that_no_label_can_hold_is_refused(words: tuple[str, str, str], said: str, settings: Settings) -> None:
    with pytest.raises(OpsError) as caught:
        application(Stack(settings, "official"), "shop", *words)
    assert said in str(caught.value)
