"""Exact counts over several processes: each live process writes the metrics files of a slot of its own.

prometheus_client names its files by process id, so every dead process leaves files that each scrape has to
read for ever. Here a process takes over the slot, and so the counts, of the dead one that it replaces.
"""

import os
from pathlib import Path

from prometheus_client import values
from prometheus_client.multiprocess import mark_process_dead

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_slot: str | None = None
_installed = False


def directory() -> Path | None:
    """Where the metrics files lie; None when this process keeps its metrics to itself."""
    given = os.environ.get(VARIABLE)
    return Path(given) if given else None


def install() -> None:
    """Let metrics be written below the slot's name; to be called before the first metric is made."""
    global _installed
    if _installed:
        return
    found = directory()
    if found is None:  # also when the variable is there but empty, which prometheus_client takes for a path
        values.ValueClass = values.MutexValue
        return
    found.mkdir(parents=True, exist_ok=True)
    values.ValueClass = values.MultiProcessValue(process_identifier=_identifier)  # type: ignore[no-untyped-call]
    _installed = True


def wipe() -> None:
    """Forget all counts; for the start of a master process, when no other process writes yet."""
    if found := directory():
        found.mkdir(parents=True, exist_ok=True)
        for file in found.glob("*.db"):
            file.unlink(missing_ok=True)


def use_slot(name: str) -> None:
    """Write as `name` from now on; no other live process may use it, and it may hold no underscore."""
    global _slot
    release(name)
    _slot = name


def release(name: str) -> None:
    """Remove the live gauges of a slot whose process is dead; its counters stay."""
    if directory():
        mark_process_dead(name)  # type: ignore[no-untyped-call]


def _identifier() -> str:
    return _slot or f"pid{os.getpid()}"


def _forget_slot() -> None:
    # Two processes that write one file destroy it, so a child has no slot until it is given one.
    global _slot
    _slot = None


os.register_at_fork(after_in_child=_forget_slot)
