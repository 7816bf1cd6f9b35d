"""Locks on files, which the kernel frees when the process that holds them ends."""

import fcntl
import os
from pathlib import Path


def open_lock(path: Path) -> int:
    """A descriptor to lock; OSError where the file can't be made."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)


def try_lock(descriptor: int, kind: int) -> bool:
    """Whether the lock, shared or exclusive, was free."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_held(path: Path) -> bool:
    """Whether a process holds the lock for itself."""
    try:
        descriptor = open_lock(path)
    except OSError:
        return False
    try:
        return not try_lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)
