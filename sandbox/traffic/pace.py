"""When the next order is due, and how long to leave an ERP alone that can't be reached."""

import threading
import time

FIRST_BACKOFF_SECONDS = 0.5
MAX_BACKOFF_SECONDS = 15.0


class Pace:
    """Deadlines on a fixed grid: a late order doesn't shift the ones after it, and none is caught up."""

    def __init__(self, *, interval: float) -> None:
        self.interval = interval
        self.due = time.monotonic()

    def next_due(self) -> tuple[float, int]:
        """When the next order is due, and how many were missed since the last call."""
        self.due += self.interval
        late = time.monotonic() - self.due
        missed = int(late // self.interval) if late > self.interval else 0
        self.due += missed * self.interval
        return self.due, missed


class Backoff:
    """Shared by all shoppers: one failure to connect keeps all of them away for a while."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures = 0
        self._until = 0.0

    def waiting(self) -> bool:
        with self._lock:
            return time.monotonic() < self._until

    def failed(self) -> float | None:
        """Seconds to stay away; nothing when another shopper's failure has already decided it."""
        with self._lock:
            if time.monotonic() < self._until:
                return None
            seconds = min(FIRST_BACKOFF_SECONDS * 2.0 ** min(self._failures, 10), MAX_BACKOFF_SECONDS)
            self._failures += 1
            self._until = time.monotonic() + seconds
            return seconds

    def succeeded(self) -> bool:
        """True when this ends a time of failures."""
        with self._lock:
            was_away, self._failures, self._until = self._failures > 0, 0, 0.0
            return was_away
