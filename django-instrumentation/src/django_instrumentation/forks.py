"""Frees locks in a forked child, where the threads that hold them no longer run.

Whatever another thread of the parent held at that moment stays locked in the child, which hangs as soon as it wants it.
So a fork waits for those threads of this package that ask brokers and databases, or import, all of which have locks of
their own. Celery's worker, which answers scrapes while it forks its pool, waits long; a view that forks waits no longer
than a moment, for a check of /readyz may hang. And the locks of this package and of prometheus_client, which any thread
may hold, are made anew in the child.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

WAIT_SECONDS = 0.05
"""So long a fork waits in a request. A check that takes longer waits for an answer, and seldom holds a lock."""
LONG_SECONDS = 5.0
"""So long it waits where no request does, and so long a page waits for those that are about to fork."""

_changed = threading.Condition()
_busy: set[threading.Thread] = set()
_seconds = WAIT_SECONDS
_forking = 0
"""How many threads are about to fork."""


def new_lock() -> threading.Lock:
    """A lock that is free in a forked child."""
    lock: Any = threading.Lock()
    os.register_at_fork(after_in_child=lock._at_fork_reinit)
    return lock  # type: ignore[no-any-return]


def wait_long() -> None:
    """In a process that serves no requests and forks all the same, such as the parent of Celery's pool."""
    global _seconds
    _seconds = LONG_SECONDS


@contextmanager
def held_back() -> Iterator[None]:
    """A fork waits for this thread while it is in here; it enters after those that are about to fork."""
    with _changed:
        _changed.wait_for(lambda: not _forking, LONG_SECONDS)
        _busy.add(threading.current_thread())
    try:
        yield
    finally:
        _end(threading.current_thread())


def start(function: Callable[[], object]) -> None:
    """Run it in a thread that a fork waits for."""

    def run() -> None:
        try:
            function()
        finally:
            _end(thread)

    thread = threading.Thread(target=run, daemon=True)
    with _changed:
        _busy.add(thread)
    try:
        thread.start()
    except RuntimeError:  # no more threads
        _end(thread)
        raise


def _end(thread: threading.Thread) -> None:
    with _changed:
        _busy.discard(thread)
        _changed.notify_all()


def _wait_for_the_busy() -> None:
    global _forking
    forker = threading.current_thread()
    with _changed:
        _forking += 1
        if not _changed.wait_for(lambda: not _busy - {forker}, _seconds):
            _busy.clear()  # the next fork needn't wait for them again


def _go_on() -> None:
    global _forking
    with _changed:
        _forking -= 1
        _changed.notify_all()


def _begin_anew() -> None:
    global _changed, _forking
    _changed, _forking = threading.Condition(), 0
    _busy.clear()
    _free(REGISTRY)
    for collector in REGISTRY._collector_to_names:
        if isinstance(collector, MetricWrapperBase):
            _free(collector)
            for child in getattr(collector, "_metrics", {}).values():
                _free(child)


def _free(owner: Any) -> None:
    """The registry's lock, or those of a metric and of its values. Only values that are kept in memory have some."""
    for found in vars(owner).values():
        for each in found if isinstance(found, list) else [found]:
            lock: Any = getattr(each, "_lock", each)
            if hasattr(lock, "_at_fork_reinit"):
                lock._at_fork_reinit()


os.register_at_fork(before=_wait_for_the_busy, after_in_parent=_go_on, after_in_child=_begin_anew)
