"""Waits for what processes of this machine do: with short steps, and without patience for a wrong answer."""

from collections.abc import Callable
from typing import TypeVar, cast

from tests.support import wait

Found = TypeVar("Found")


def eventually(look: Callable[[], Found | None], what: str, seconds: float = 30.0) -> Found:
    """What `look` finds, asked again until it is something true; an assertion error after the deadline."""
    return cast(Found, wait.eventually(look, what, seconds, interval=0.05, not_yet=(OSError,)))
