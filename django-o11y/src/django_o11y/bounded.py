"""Runs what may hang, such as a question to a dead database, for a limited time only."""

import threading
from collections.abc import Callable
from time import monotonic
from typing import Generic, TypeVar

Result = TypeVar("Result")


class Bounded(Generic[Result]):
    """Runs one function in at most one thread, even while it hangs, and keeps its answer for `keep_seconds`."""

    def __init__(self, function: Callable[[], Result], *, seconds: float, keep_seconds: float = 0.0) -> None:
        self.function = function
        self.seconds = seconds
        self.keep_seconds = keep_seconds
        self._changed = threading.Condition()
        self._running = False
        self._finished_at = float("-inf")
        self._result: Result | None = None
        self._error: Exception | None = None

    @property
    def last(self) -> Result | None:
        """The last answer, however old; None before the first and after an exception."""
        with self._changed:
            return self._result

    def begin(self) -> float:
        """Start the function unless its last answer is fresh; the moment from which an answer counts."""
        with self._changed:
            oldest = monotonic() - self.keep_seconds
            if self._finished_at < oldest and not self._running:
                self._running = True
                threading.Thread(target=self._run, daemon=True).start()
            return oldest

    def wait(self, since: float) -> bool:
        """Whether there is an answer or exception that counts from then on, waited for within the limit."""
        left = since + self.keep_seconds + self.seconds - monotonic()
        with self._changed:
            return self._changed.wait_for(lambda: self._finished_at >= since, max(0.0, left))

    def ask(self, since: float | None = None) -> Result:
        """The function's answer or exception; TimeoutError when it takes too long. `since`: from begin()."""
        oldest = self.begin() if since is None else since
        if not self.wait(oldest):
            raise TimeoutError(f"no answer within {self.seconds:g} s")
        with self._changed:
            if self._error is not None:
                raise self._error
            return self._result  # type: ignore[return-value]

    def _run(self) -> None:
        result, error = None, None
        try:
            result = self.function()
        except Exception as caught:
            error = caught
        with self._changed:
            self._result, self._error = result, error
            self._finished_at, self._running = monotonic(), False
            self._changed.notify_all()
