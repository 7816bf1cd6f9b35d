"""Reads what every container wrote, window after window, and hands on how many lines that are.

A window is read at once after its end, before a flood rotates its lines away, and handed on half a minute later: by
then it is known which containers lived long enough for Promtail to find them, which takes it some seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from logkeeper.account import Window
from logkeeper.engine import NANOSECONDS, Container, Engine, GoneError, Key, Line, nanoseconds, stamp_of
from logkeeper.entries import entries

WINDOW = 15 * NANOSECONDS
READ_AFTER = 2 * NANOSECONDS
HANDED_ON_AFTER = 30 * NANOSECONDS
LISTED_WITHIN = 15 * NANOSECONDS
FOUND_WITHIN = 20 * NANOSECONDS
FIRST_TAIL = 1000
LAST_TAIL = 1_000_000
UNENDED = 32  # pieces of texts that no line break has ended yet, at most


class RotatedError(Exception):
    """Docker no longer has the line that was the last one of the window before."""


@dataclass
class Seen:
    container: Container
    first: int
    last: int
    wrote: int = 0
    """Lines, when it was last read."""
    newest: str = ""
    """The time of the last line that was read."""

    @property
    def was_found(self) -> bool:
        return self.last - self.first >= FOUND_WITHIN


@dataclass
class Reading:
    """Lines of a window by container; None: they couldn't be read."""

    begin: int
    lines: list[tuple[Seen, int | None]] = field(default_factory=list)

    def window(self) -> Window:
        read = [(seen.container.key, number) for seen, number in self.lines if seen.was_found]
        written: Counter[Key] = Counter()
        for key, number in read:
            written[key] += number or 0
        unread = frozenset(key for key, number in read if number is None)
        return Window(self.begin, self.begin + WINDOW, +written, unread)


class Watch:
    def __init__(self, engine: Engine, add: Callable[[Window], None], now: int) -> None:
        """`add` takes each window, in their order."""
        self._engine = engine
        self._add = add
        self._seen: dict[str, Seen] = {}
        self._begin = now // WINDOW * WINDOW
        self._readings: list[Reading] = []
        self.unread: Counter[str] = Counter({"removed": 0, "rotated": 0})
        """Containers of a window that were gone, or whose lines were, before they were read."""

    def step(self, now: int) -> bool:
        """Whether a window was handed on. To be called every few seconds; raises what the engine raises."""
        for one in self._engine.containers():
            self._seen.setdefault(one.id, Seen(one, now, now)).last = now
        while now >= self._begin + WINDOW + READ_AFTER:
            self._readings.append(self._read(self._begin, self._begin + WINDOW))
            self._begin += WINDOW
            # One may have written on for some seconds after it was last listed.
            kept = self._begin - LISTED_WITHIN
            self._seen = {name: each for name, each in self._seen.items() if each.last >= kept}
        due = [each for each in self._readings if now >= each.begin + WINDOW + HANDED_ON_AFTER]
        for reading in due:
            self._readings.remove(reading)
            self._add(reading.window())
        return bool(due)

    def _read(self, begin: int, end: int) -> Reading:
        reading = Reading(begin)
        for seen in self._seen.values():
            number = None
            try:
                number = self._count(seen, begin, end)
            except GoneError:
                self.unread["removed"] += seen.was_found
            except RotatedError:
                self.unread["rotated"] += 1
            reading.lines.append((seen, number))
        return reading

    def _count(self, seen: Seen, begin: int, end: int) -> int:
        """By the last lines alone, as far as they reach back: else the engine would read all it has kept.

        From the last line that is known already, so that it shows when Docker has lost what followed.
        """
        tail: int | None = FIRST_TAIL + seen.wrote * 4 // 3
        since = nanoseconds(seen.newest) if seen.newest else begin
        first, last = stamp_of(begin), stamp_of(end)
        while True:
            lines = Counted(self._engine.lines(seen.container, since, tail), seen.newest, last)
            found = sum(first < each.stamp <= last for each in entries(lines, seen.container.log_format))
            if tail is None or lines.pieces + UNENDED < tail:
                break
            tail = tail * 4 if tail < LAST_TAIL else None
        has_lost = bool(seen.newest) and not lines.has_known
        seen.wrote, seen.newest = lines.pieces, lines.newest or seen.newest
        if has_lost:
            raise RotatedError(seen.container.id)
        return found


class Counted:
    """Lines; once all were read: how many pieces Docker has them in, if the known one was there, the newest's time."""

    def __init__(self, lines: Iterator[Line], known: str, until: str) -> None:
        self._lines = lines
        self._known = known
        self._until = until
        self.pieces = 0
        self.has_known = False
        self.newest = ""

    def __iter__(self) -> Iterator[Line]:
        for line in self._lines:
            self.pieces += line.pieces
            self.has_known |= line.stamp == self._known
            if line.stamp <= self._until:
                self.newest = max(self.newest, line.stamp)
            yield line
