"""`python3 -m logkeeper.host`: beside an agent, counts what containers write, and tells it window by window.

The agent's Promtail pushes these lines as any other. The central side's keeper reads them in Loki and has the account.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

from logkeeper import rounds, told
from logkeeper.account import Window
from logkeeper.engine import Engine
from logkeeper.pages import exposition, of_rounds, unread
from logkeeper.watch import Watch


@dataclass
class Host:
    watch: Watch
    last_round: float

    def page(self, path: str) -> str | None:
        if path != "/metrics":
            return None
        return exposition(unread({"": self.watch.unread}), of_rounds(self.last_round))


class Teller:
    def __init__(self) -> None:
        self._is_first = True

    def tell(self, window: Window) -> None:
        seconds = (window.end - window.begin) / 1e9
        message = f"Containers here wrote {window.written.total()} lines within {seconds:.0f} s."
        rounds.say("INFO", message, window=told.of(window, is_first=self._is_first))
        self._is_first = False


def main() -> None:
    applications = frozenset(os.environ["APPLICATIONS"].split(","))
    engine = Engine(os.environ["DOCKER_API"], os.environ["PROJECT"], applications)
    watch = Watch(engine, Teller().tell, time.time_ns())
    rounds.run(Host(watch, time.time()), lambda: watch.step(time.time_ns()))


if __name__ == "__main__":
    main()
