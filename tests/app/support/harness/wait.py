"""The only place that sleeps."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def eventually(look: Callable[[], Found | None], what: str, seconds: float = 30.0) -> Found:
    """What `look` finds, asked again until it is something true; an assertion error after the deadline."""
    deadline = time.monotonic() + seconds
    last: object = None
    while time.monotonic() < deadline:
        try:
            if found := look():
                return found
            last = found
        except OSError as error:
            last = error
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds:g} s for {what}; last seen: {last!r}")
