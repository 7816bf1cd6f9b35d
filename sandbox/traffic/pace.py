"""When the next order is due, and how long no order is sent after the ERP couldn't be reached."""

import threading
import time

FIRST_BACKOFF_SECONDS = 0.5
MAX_BACKOFF_SECONDS = 15.0


class Pace:
    """Orders are due at fixed times: a late one doesn't delay the next, and missed ones aren't sent later."""

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
    """Shared by all shoppers: after one fails to connect, all of them wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures = 0
        self._until = 0.0

    def waiting(self) -> bool:
        with self._lock:
            return time.monotonic() < self._until

    def failed(self) -> float | None:
        """Seconds to wait; None if another shopper has failed already."""
        with self._lock:
            if time.monotonic() < self._until:
                return None
            seconds = min(FIRST_BACKOFF_SECONDS * 2.0 ** min(self._failures, 10), MAX_BACKOFF_SECONDS)
            self._failures += 1
            self._until = time.monotonic() + seconds
            return seconds

    def succeeded(self) -> bool:
        """Whether the ERP couldn't be reached before."""
        with self._lock:
            was_away, self._failures, self._until = self._failures > 0, 0, 0.0
            return was_away
