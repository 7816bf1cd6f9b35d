"""Reads numbers from the environment, and secrets from the files that *_FILE variables name."""

import math
import os
from pathlib import Path
from typing import TypeVar

Number = TypeVar("Number", int, float)


class ConfigError(Exception):
    """A setting can't be used; the message says what was found and what was expected."""


def number(name: str, default: Number, *, minimum: float = 0) -> Number:
    """Whole if the default is."""
    found = os.environ.get(name, str(default))
    kind = type(default)
    try:
        value = kind(found)
    except ValueError:
        value = kind(-1)
    if not minimum <= value < math.inf:
        raise ConfigError(f"{name} is {found!r}; expected a number ({kind.__name__}) of at least {minimum:g}.")
    return value


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
