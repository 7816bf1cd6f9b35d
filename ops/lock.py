"""One command at a time: a second one that would work on the same things waits for the first."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from ops.console import OpsError, say
from ops.paths import LOCAL


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Hold the lock of that name in this checkout; it is free again when the process ends, however it ends."""
    try:
        LOCAL.mkdir(exist_ok=True)
        file = (LOCAL / f"{name}.lock").open("w")
    except PermissionError:
        raise OpsError(
            f"No right to write into {LOCAL}: found user id {os.geteuid()}, expected the user whose checkout this is. "
            "Run the command as that user."
        ) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"Another command holds .local/{name}.lock; this one goes on when that has ended.")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
