"""A forked child finds no lock that another thread of its parent held, and nothing that its parent sends by itself."""

import contextlib
import os
import signal
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from harness import scripts
from harness.foreign import Project
from harness.tracker import Tracker
from harness.wait import eventually
from prometheus_client import REGISTRY, Counter

from django_instrumentation import errors, forks, metrics, multiprocess, queues, view_label
from django_instrumentation.bounded import Bounded
from django_instrumentation.span_export import Waiting

SECONDS = 5
TASK = metrics.TASKS.labels("forks", "sent")
WAIT = metrics.QUEUE_WAIT.labels("forks")
ASKED = Bounded(lambda: "answer", seconds=SECONDS)
SPANS = Waiting()

Use = Callable[[], object]
LOCKS: dict[str, tuple[Any, Use]] = {
    "registry": (REGISTRY._lock, lambda: Counter("made_in_a_child", "By a test.")),
    "metric": (metrics.TASKS._lock, lambda: metrics.TASKS.labels("forks", "retried").inc()),
    "value": (TASK._value._lock, TASK.inc),
    "bucket": (WAIT._buckets[0]._lock, lambda: WAIT.observe(0)),
    "sum": (WAIT._sum._lock, lambda: WAIT.observe(0)),
    "files": (multiprocess._lock, multiprocess.unsaved_losses),
    "errors": (errors._lock, lambda: errors._start_or_join(errors.conf.get())),
    "queues": (queues._received_lock, lambda: queues.hold(threading.Event())),
    "views": (view_label._lock, lambda: view_label.of("forks")),
    "spans": (SPANS._lock, lambda: SPANS.add(1)),
    "bounded": (ASKED._lock, ASKED.ask),
}
EVENTS = """
import logging, os, sys
import django; django.setup()
import sentry_sdk
log = logging.getLogger("shop")
with sentry_sdk.get_client().transport._worker._queue.mutex:  # so that the event isn't sent before the fork
    log.error("by the parent")
    child = os.fork()
if not child:
    log.error("by the child")
sentry_sdk.flush(10)
if not child:
    os._exit(0)
sys.exit(os.waitpid(child, 0)[1])
"""


def ends_in_a_child(use: Use) -> bool:
    """Whether it ends well and in time in a child that is forked now."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside other threads
        child = os.fork()
    if not child:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(SECONDS)
        code = 1
        try:
            use()
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_that_a_thread_of_the_parent_holds_is_free(name: str) -> None:
    lock, use = LOCKS[name]
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    free = ends_in_a_child(use)
    done.set()
    thread.join()
    assert free


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in Celery's parent."""
    monkeypatch.setattr(forks, "_seconds", forks._seconds)
    forks.wait_long()


@pytest.mark.parametrize("by", ["page", "thread"])
def test_a_fork_waits_for_whoever_asks(by: str, patient: None) -> None:
    """A client of a broker or a database has locks of its own, here one for all of them."""
    lock, begun = threading.Lock(), threading.Event()

    def ask() -> None:
        with lock:
            begun.set()
            threading.Event().wait(0.5)

    def show_page() -> None:
        with forks.held_back():
            ask()

    if by == "page":
        threading.Thread(target=show_page).start()
    else:
        Bounded(ask, seconds=SECONDS).begin()
    begun.wait()
    assert ends_in_a_child(lock.acquire)


def test_a_thread_that_hangs_delays_one_fork_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forks, "_seconds", 3.0)
    hang = threading.Event()
    Bounded(hang.wait, seconds=SECONDS).begin()
    took = []
    for _ in range(2):
        began = monotonic()
        assert ends_in_a_child(lambda: None)
        took.append(monotonic() - began)
    hang.set()
    assert took[0] >= 3 > took[1]


def test_whoever_asks_may_fork() -> None:
    """A ready check of the project's own, for example."""
    with forks.held_back():
        began = monotonic()
        assert ends_in_a_child(lambda: None)
    assert monotonic() - began < forks.LONG_SECONDS


def test_a_request_that_forks_waits_for_no_check_that_hangs() -> None:
    """Neither for its thread nor for the pages that wait for it, which come again and again."""
    hang, ended = threading.Event(), threading.Event()
    asked = Bounded(hang.wait, seconds=SECONDS)

    def probe() -> None:
        while not ended.is_set():
            with forks.held_back(), contextlib.suppress(TimeoutError):
                asked.begin()
                hang.wait(1)

    probes = [threading.Thread(target=probe) for _ in range(2)]
    for thread in probes:
        thread.start()
    took = []
    for _ in range(5):
        eventually(lambda: forks._busy, "a probe that hangs")
        began = monotonic()
        assert ends_in_a_child(lambda: None)
        took.append(monotonic() - began)
    ended.set()
    hang.set()
    for thread in probes:
        thread.join()
    assert max(took) < 1, took


def test_a_worker_of_celery_waits_longer_before_it_forks() -> None:
    code = "import django; django.setup(); from django_instrumentation import celery, forks; "
    printed = "celery._start_parent('worker'); print(forks._seconds)"
    assert scripts.output("-c", code + "print(forks._seconds); " + printed).split() == ["0.05", "5.0"]


def test_an_event_that_waits_at_the_fork_is_sent_once(tmp_path: Path) -> None:
    tracker = Tracker()
    with tracker.running():
        done = Project(tmp_path).run(
            "-W", "ignore", "-c", EVENTS, DJANGO_SETTINGS_MODULE="shop.settings", SENTRY_DSN=tracker.dsn
        )
    assert done.returncode == 0, done.stderr
    assert sorted(event["logentry"]["message"] for event in tracker.events) == ["by the child", "by the parent"]
