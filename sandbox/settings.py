"""Reads numbers from the environment, and secrets from the files that *_FILE variables name."""

import os
from pathlib import Path
from typing import TypeVar

Number = TypeVar("Number", int, float)


class ConfigError(Exception):
    """A setting can't be used; the message says what was found and what was expected."""


def number(name: str, default: Number) -> Number:
    """Whole if the default is. What users may set is checked by `make up`."""
    found = os.environ.get(name, str(default))
    try:
        return type(default)(found)
    except ValueError:
        raise ConfigError(f"{name} is {found!r}; expected a number ({type(default).__name__}).") from None


def secret(name: str) -> str:
    """The content of the file that NAME_FILE names."""
    variable = f"{name}_FILE"
    try:
        value = Path(os.environ.get(variable, "(not set)")).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{variable} names no readable file ({error}); expected one with a secret.") from error
    if not value:
        raise ConfigError(f"The file that {variable} names is empty; expected a secret in it.")
    return value
