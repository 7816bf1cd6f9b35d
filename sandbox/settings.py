"""Reads settings from the environment and secrets from the files that *_FILE variables name."""

import os
from pathlib import Path
from urllib.parse import urlsplit


class ConfigError(Exception):
    """A setting can't be used; the message says what was found and what to do."""


def text(name: str, default: str) -> str:
    return os.environ.get(name, "").strip() or default


def number(name: str, default: float, *, minimum: float, maximum: float) -> float:
    found = text(name, str(default))
    try:
        value = float(found)
    except ValueError:
        value = float("nan")
    if not minimum <= value <= maximum:
        raise ConfigError(f"{name} is {found!r}; expected a number from {minimum:g} to {maximum:g}.")
    return value


def integer(name: str, default: int, *, minimum: int, maximum: int) -> int:
    value = number(name, default, minimum=minimum, maximum=maximum)
    if not value.is_integer():
        raise ConfigError(f"{name} is {value:g}; expected a whole number from {minimum} to {maximum}.")
    return int(value)


def http_url(name: str, default: str) -> str:
    found = text(name, default).rstrip("/")
    parts = urlsplit(found)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"{name} is {found!r}; expected an address such as {default}.")
    return found


def secret(name: str) -> str:
    """The content of the file that NAME_FILE names; an empty or unreadable secret is an error."""
    variable = f"{name}_FILE"
    path = os.environ.get(variable, "")
    if not path:
        raise ConfigError(f"{variable} is not set; expected the path of a file with the secret.")
    try:
        value = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The file {path} named by {variable} can't be read: {error}.") from error
    if not value:
        raise ConfigError(f"The file {path} named by {variable} is empty; expected a secret in it.")
    return value
