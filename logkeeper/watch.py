"""Reads what every container wrote, window after window, and keeps the account of it.

A window is read half a minute after its end: by then it is known which containers lived long enough for Promtail to
find them, which takes it some seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from logkeeper.account import Account, Window
from logkeeper.engine import NANOSECONDS, Container, Engine, GoneError, Key, Line, stamp_of
from logkeeper.entries import entries

WINDOW = 60 * NANOSECONDS
DELAY = 30 * NANOSECONDS
LISTED_WITHIN = 15 * NANOSECONDS
FOUND_WITHIN = 20 * NANOSECONDS
FIRST_TAIL = 1000
LAST_TAIL = 1_000_000
UNENDED = 32  # pieces of texts that no line break has ended yet, at most


@dataclass
class Seen:
    container: Container
    first: int
    last: int
    wrote: int = 0
    """Lines from the last window's beginning on, when it was read."""


class Watch:
    def __init__(self, engine: Engine, account: Account, now: int) -> None:
        self._engine = engine
        self.account = account
        self._seen: dict[str, Seen] = {}
        self._begin = now // WINDOW * WINDOW
        self.removed = 0
        """Containers that were removed before their last lines were read."""

    def step(self, now: int) -> None:
        """To be called every few seconds; raises what engine and Loki raise, and may be repeated then."""
        for one in self._engine.containers():
            self._seen.setdefault(one.id, Seen(one, now, now)).last = now
        while now >= self._begin + WINDOW + DELAY:
            self.account.add(self._read(self._begin, self._begin + WINDOW))
            self._begin += WINDOW
            # One may have written on for some seconds after it was last listed.
            kept = self._begin - LISTED_WITHIN
            self._seen = {name: each for name, each in self._seen.items() if each.last >= kept}
            self.account.look(now)

    def _read(self, begin: int, end: int) -> Window:
        written: Counter[Key] = Counter()
        unread = set()
        for seen in [each for each in self._seen.values() if each.last - each.first >= FOUND_WITHIN]:
            try:
                written[seen.container.key] += self._count(seen, begin, end)
            except GoneError:
                unread.add(seen.container.key)
                self.removed += 1
        return Window(begin, end, written + Counter(), frozenset(unread))

    def _count(self, seen: Seen, begin: int, end: int) -> int:
        """By the last lines alone, as far as they reach back: else the engine would read all it has kept."""
        tail: int | None = FIRST_TAIL + seen.wrote * 4 // 3
        first, last = stamp_of(begin), stamp_of(end)
        while True:
            lines = Counted(self._engine.lines(seen.container, begin, tail))
            found = sum(first < each.stamp <= last for each in entries(lines, seen.container.log_format))
            if tail is None or lines.pieces + UNENDED < tail:
                seen.wrote = lines.pieces
                return found
            tail = tail * 4 if tail < LAST_TAIL else None


class Counted:
    """Lines, and in how many pieces Docker has them, once all were read."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self.pieces = 0

    def __iter__(self) -> Iterator[Line]:
        for line in self._lines:
            self.pieces += line.pieces
            yield line
