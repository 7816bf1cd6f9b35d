"""Runs what may hang, such as a question to a dead database, for a limited time only."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from time import monotonic
from typing import Generic, TypeVar

from django_instrumentation import forks

Result = TypeVar("Result")


class Bounded(Generic[Result]):
    """Runs one function in at most one thread, even while it hangs, and keeps its answer for `keep_seconds`."""

    def __init__(self, function: Callable[[], Result], *, seconds: float, keep_seconds: float = 0.0) -> None:
        self.function = function
        self.seconds = seconds
        self.keep_seconds = keep_seconds
        self.last: Result | None = None
        """The last answer, however old; None before the first and after an exception."""
        self._answered_at = float("-inf")
        self._begin_anew()
        os.register_at_fork(after_in_child=self._begin_anew)

    def _begin_anew(self) -> None:
        """Also in a forked child: the thread that runs the function is its parent's."""
        self._lock = threading.Lock()
        self._asked: Future[Result] | None = None

    def begin(self) -> Callable[[], Result]:
        """Start the function unless it runs or its last answer is fresh. What is returned waits, up to the limit."""
        with self._lock:
            asked = self._asked
            if asked is None or (asked.done() and self._answered_at < monotonic() - self.keep_seconds):
                asked = Future()
                forks.start(partial(self._run, asked))
                self._asked = asked
        deadline = monotonic() + self.seconds
        return lambda: asked.result(max(0.0, deadline - monotonic()))

    def ask(self) -> Result:
        """The function's answer or exception; TimeoutError when it takes too long."""
        return self.begin()()

    def _run(self, asked: Future[Result]) -> None:
        try:
            answer = self.function()
        except Exception as error:
            self.last, self._answered_at = None, monotonic()
            asked.set_exception(error)
        else:
            self.last, self._answered_at = answer, monotonic()
            asked.set_result(answer)
