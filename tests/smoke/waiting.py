"""The time that all checks of `make smoke` wait together, so that a sick stack is told of in two minutes too."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tests.support import wait

T = TypeVar("T")


@dataclass
class Waiting:
    """Seconds: `left` for all waits together, and `when_sick` for each one after the first that was in vain."""

    left: float = 75
    when_sick: float = 11  # a figure that a healthy part has just written is scraped in that time
    is_sick: bool = False

    def eventually(
        self,
        look: Callable[[], T],
        description: str,
        timeout: float,
        *,
        until: Callable[[T], object] = bool,
        interval: float = 0.5,
    ) -> T:
        """As tests.support.wait has it, for `timeout` seconds at most; it always looks at least once."""
        started = time.monotonic()
        seconds = max(0.0, min(timeout, self.left, self.when_sick if self.is_sick else timeout))
        try:
            return wait.eventually(look, description, seconds, until=until, interval=interval)
        except wait.NotSeenError:
            self.is_sick = True
            raise
        finally:
            self.left -= time.monotonic() - started


eventually = Waiting().eventually
