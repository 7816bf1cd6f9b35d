"""How often: a bucket per key that fills at a steady rate; each request takes one from it."""

import time
from collections import OrderedDict
from collections.abc import Callable

# Older keys are forgotten: the number of addresses isn't ours to bound.
KEYS = 10_000


class Limit:
    def __init__(self, per_second: float, burst: float, now: Callable[[], float] = time.monotonic) -> None:
        self.per_second = per_second
        self.burst = burst
        self.now = now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def left(self, key: str) -> float:
        now = self.now()
        level, since = self._buckets.get(key, (self.burst, now))
        return min(self.burst, level + (now - since) * self.per_second)

    def take(self, key: str) -> bool:
        """Take one, if there is one."""
        left = self.left(key)
        taken = left >= 1
        self._buckets[key] = (left - 1 if taken else left, self.now())
        self._buckets.move_to_end(key)
        if len(self._buckets) > KEYS:
            self._buckets.popitem(last=False)
        return taken
