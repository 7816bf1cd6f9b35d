"""The account: window by window, how many lines each service wrote, and how many of them Loki has.

A window that Loki doesn't have whole may still be on its way. It is judged once Loki has later lines of the same
service, and nothing was added to it since the last look: Promtail sends a container's lines in their order. A judged
window that turns out to be whole later is whole. Those of the last hour that were whole are looked at again, a few at a
time: a crash may take what Loki had confirmed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from logkeeper.engine import NANOSECONDS, Key

HOUR = 3600 * NANOSECONDS
KEPT = 6 * HOUR
LOOKS = 20  # windows of each kind that one look asks Loki about, at most
AGAIN = 12  # of those that were whole: all of an hour's windows in five minutes


@dataclass
class Window:
    begin: int
    end: int
    written: Counter[Key]
    unread: frozenset[Key] = frozenset()
    """Of these a container was removed before its last lines were read."""
    stored: Counter[Key] = field(default_factory=Counter)
    looked: bool = False
    missing: Counter[Key] = field(default_factory=Counter)
    waiting: set[Key] = field(default_factory=set)
    """Not judged yet."""
    judged: int = 0
    """When the last of them was."""
    owed: dict[Key, int] = field(default_factory=dict)
    """Of those that are in the counters: how many lines aren't confirmed."""

    def __post_init__(self) -> None:
        self.waiting = set(self.written) - self.unread


class Account:
    """`stored` counts what Loki has after one time until another, in nanoseconds."""

    def __init__(self, stored: Callable[[int, int], Counter[Key]]) -> None:
        self._stored = stored
        self.windows: list[Window] = []
        self.written: Counter[Key] = Counter()
        """Of all judged windows; Loki's share of it is `confirmed`."""
        self.confirmed: Counter[Key] = Counter()
        self._last_again = 0

    def add(self, window: Window) -> None:
        self.windows.append(window)

    def look(self, now: int) -> None:
        """Ask Loki about what isn't whole, and judge; raises what `stored` raises, and may be repeated then."""
        self.windows = [each for each in self.windows if each.end > now - KEPT]
        waiting = [each for each in self.windows if each.waiting][:LOOKS]
        lacking = [each for each in self.windows if each.missing and each.judged > now - HOUR][-LOOKS:]
        # The newest show how far Loki has come.
        again = self._again(now)
        looked_at = {each.begin: each for each in [*waiting, *lacking, *again, *self.windows[-2:]]}
        before = {begin: each.stored if each.looked else None for begin, each in looked_at.items()}
        for window in looked_at.values():
            window.stored, window.looked = self._stored(window.begin, window.end), True
        for window in again:
            window.waiting = {key for key in window.owed if window.stored[key] < window.written[key]}
        for window in looked_at.values():
            for key in window.waiting | set(window.missing):
                self._judge(window, key, before[window.begin], now)

    def _again(self, now: int) -> list[Window]:
        """A few windows of the last hour that are whole, in turn."""
        whole = [each for each in self.windows if each.end > now - HOUR and not each.waiting and not each.missing]
        in_turn = sorted(whole, key=lambda each: (each.begin <= self._last_again, each.begin))[:AGAIN]
        self._last_again = in_turn[-1].begin if in_turn else 0
        return in_turn

    def _judge(self, window: Window, key: Key, before: Counter[Key] | None, now: int) -> None:
        lacks = max(0, window.written[key] - window.stored[key])
        if key in window.waiting:
            stands_still = before is not None and before[key] == window.stored[key]
            if lacks and not (stands_still and self._has_later(key, window)):
                return
            window.waiting.remove(key)
            window.judged = now
            if key not in window.owed:
                window.owed[key] = window.written[key]
                self.written[key] += window.written[key]
        self.confirmed[key] += max(0, window.owed[key] - lacks)  # what came late, too
        window.owed[key] = min(window.owed[key], lacks)
        window.missing[key] = lacks
        window.missing += Counter()  # without zeros

    def _has_later(self, key: Key, window: Window) -> bool:
        """Whether Loki has come past the window: by lines of the service, or of any where that one fell silent."""
        later = [each for each in self.windows if each.begin >= window.end]
        if any(each.written[key] for each in later):
            return any(each.stored[key] for each in later)
        return any(each.stored for each in later)

    def missing(self, now: int) -> Counter[Key]:
        """Lines that Loki doesn't have, of the windows that were judged in the last hour."""
        return sum((each.missing for each in self.windows if each.judged > now - HOUR), Counter())

    def surplus(self, now: int) -> Counter[Key]:
        """Lines of the last hour that Loki has more than once."""
        recent = [each for each in self.windows if each.end > now - HOUR and each.looked]
        return sum((only(each.stored - each.written, set(each.written) - each.unread) for each in recent), Counter())

    def waiting_seconds(self, now: int) -> float:
        """The age of the oldest window that isn't judged yet."""
        return max((now - each.end for each in self.windows if each.waiting), default=0) / NANOSECONDS


def only(counts: Counter[Key], keys: set[Key]) -> Counter[Key]:
    return Counter({key: number for key, number in counts.items() if key in keys})
