"""How large, and how often: a bucket per key that fills at a steady rate; each request takes one from it."""

import time
from collections import OrderedDict
from collections.abc import Callable

# Older keys are forgotten: the number of addresses isn't ours to bound.
KEYS = 10_000
PUSH_BYTES = 4 * 1024 * 1024
# One agent sends some requests a second. After an outage it sends what has waited, as quickly as it may.
PUSHES_PER_SECOND, PUSHES_AT_ONCE = 50, 200


class Limit:
    def __init__(self, per_second: float, burst: float, now: Callable[[], float] = time.monotonic) -> None:
        self.per_second = per_second
        self.burst = burst
        self.now = now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> bool:
        """Take one, if there is one."""
        now = self.now()
        level, since = self._buckets.get(key, (self.burst, now))
        left = min(self.burst, level + (now - since) * self.per_second)
        taken = left >= 1
        self._buckets[key] = (left - 1 if taken else left, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > KEYS:
            self._buckets.popitem(last=False)
        return taken

    def give_back(self, key: str) -> None:
        if key in self._buckets:
            level, since = self._buckets[key]
            self._buckets[key] = (level + 1, since)
