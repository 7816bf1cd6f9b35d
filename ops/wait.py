"""Looking again and again at what takes its time, up to a deadline."""

import time
from collections.abc import Iterator


def attempts(seconds: float, interval: float) -> Iterator[None]:
    """One attempt now and one every `interval` seconds, until `seconds` have passed.

    The loop's body returns when it saw what it waits for; the code after the loop says what it saw instead.
    """
    deadline = time.monotonic() + seconds
    yield
    while time.monotonic() < deadline:
        time.sleep(interval)
        yield
