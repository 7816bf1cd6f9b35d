"""Wrong settings are said in sentences."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env


def test_an_empty_or_missing_secret_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "secret"
    with pytest.raises(ImproperlyConfigured, match="X_FILE is not set; expected a file"):
        env.secret("X")
    monkeypatch.setenv("X_FILE", str(file))
    with pytest.raises(ImproperlyConfigured, match="can't be read"):
        env.secret("X")
    file.write_text(" \n")
    with pytest.raises(ImproperlyConfigured, match="is empty"):
        env.secret("X")


@pytest.mark.parametrize("given", ["0", "-1", "many", "1.5", "²"])
def test_a_wrong_number_is_an_error(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("X", given)
    with pytest.raises(ImproperlyConfigured, match="expected a whole number"):
        env.number("X", 3)


def test_a_wrong_choice_or_nothing_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImproperlyConfigured, match="X is missing or empty"):
        env.text("X")
    monkeypatch.setenv("X", "test")
    with pytest.raises(ImproperlyConfigured, match="expected one of a, b"):
        env.choice("X", "a", "b")
