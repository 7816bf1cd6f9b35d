"""The only place that sleeps: waiting for something with a description and a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

import requests

T = TypeVar("T")

# What a program that is still starting or a value that isn't there yet looks like. Anything else is a defect
# of the test and ends it at once.
NOT_YET = (AssertionError, LookupError, ValueError, requests.RequestException)


class NotSeenError(AssertionError):
    """What was awaited did not come; the text says what was seen last."""


def eventually(
    look: Callable[[], T],
    description: str,
    timeout: float,
    *,
    until: Callable[[T], object] = bool,
    interval: float = 0.5,
    not_yet: tuple[type[Exception], ...] = NOT_YET,
) -> T:
    """Call `look` until `until(its value)` holds and return the value; NotSeenError after `timeout` s."""
    started = time.monotonic()
    looks = 0
    while True:
        looks += 1
        try:
            value = look()
            if until(value):
                return value
            last = f"value {_short(value)}"
        except not_yet as error:
            last = f"{type(error).__name__}: {_short(str(error))}"
        waited = time.monotonic() - started
        if waited + interval > timeout:
            patience = f"{waited:.1f} s of {timeout:.0f} s in {looks} looks"
            raise NotSeenError(f"Awaited {description} for {patience}. Last seen: {last}")
        time.sleep(interval)


def stays(
    look: Callable[[], T],
    description: str,
    seconds: float,
    *,
    until: Callable[[T], object] = bool,
    interval: float = 1.0,
) -> T:
    """Call `look` for `seconds`; raise NotSeenError as soon as `until(its value)` no longer holds."""
    started = time.monotonic()
    while True:
        value = look()
        passed = time.monotonic() - started
        if not until(value):
            raise NotSeenError(f"Expected that {description} for {seconds:.0f} s. At {passed:.1f} s: {_short(value)}")
        if passed >= seconds:
            return value
        time.sleep(interval)


def lasts(seconds: float, description: str) -> None:
    """Wait for a time that is itself what is tested: how long a fault lasts, or how long nobody may be told.

    `description` says what it is the time of; for what could be looked at there is `eventually`.
    """
    assert description
    time.sleep(max(0.0, seconds))


def _short(value: object, limit: int = 1500) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"
