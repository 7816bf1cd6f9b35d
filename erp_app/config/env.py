"""Reads settings from the environment and secrets from files, and says in a sentence what is wrong."""

import os

from django.core.exceptions import ImproperlyConfigured

from django_instrumentation.conf import parse, read_secret


def text(name: str, default: str | None = None) -> str:
    found = os.environ.get(name, "")
    if found:
        return found
    if default is None:
        raise ImproperlyConfigured(f"The environment variable {name} is missing or empty; expected a value.")
    return default


def number(name: str, default: int, *, least: int = 1) -> int:
    found: int = parse(name, text(name, str(default)), int)
    if found < least:
        raise ImproperlyConfigured(f"{name} is {found}; expected a whole number from {least} on.")
    return found


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def choice(name: str, *allowed: str) -> str:
    found = text(name, allowed[0])
    if found not in allowed:
        raise ImproperlyConfigured(f"{name} is {found!r}; expected one of {', '.join(allowed)}.")
    return found


def secret(name: str) -> str:
    """The content of the file named by NAME_FILE, or else NAME itself."""
    found = read_secret(name)
    if not found:
        file = os.environ.get(f"{name}_FILE", "")
        where = f"the file {file} that {name}_FILE names is empty" if file else f"{name}_FILE is not set"
        raise ImproperlyConfigured(f"The secret {name} is missing: {where}; expected a file that holds it.")
    return found
