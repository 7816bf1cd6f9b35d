"""The accounts of other hosts: what each one's keeper tells, in log lines, against what Loki has of that host.

A line of them that never comes is a window of which nothing is known: it is counted as such, not taken for one without
lines.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from logkeeper import told
from logkeeper.account import KEPT, Account
from logkeeper.engine import NANOSECONDS
from logkeeper.loki import Loki

AHEAD = 600 * NANOSECONDS  # a clock may be, as far as Loki takes lines


@dataclass
class Host:
    account: Account
    read_until: int
    """When the newest line that was read was written, in nanoseconds."""
    end: int = 0
    """Of the newest window; 0: none was read yet."""
    unread: Counter[str] = field(default_factory=lambda: Counter({"window": 0, "started": 0}))
    """Windows that never came, and those that the host's keeper, not yet started again, has not counted."""

    def add(self, at: int, text: str) -> None:
        """One line; raises ValueError where it can't be read."""
        self.read_until = at
        window, is_first = told.read(text, at)
        if window.begin < self.end:
            return
        if self.end:
            self.unread["started" if is_first else "window"] += (window.begin - self.end) // (window.end - window.begin)
        self.end = window.end
        self.account.add(window)

    def behind_seconds(self, now: int) -> float:
        """The age of the oldest lines that aren't judged, also of those that the host has told nothing of.

        Where it has never told anything, as an agent without a keeper, that is more than all that is looked back on.
        """
        return max(self.account.waiting_seconds(now), (now - (self.end or self.read_until)) / NANOSECONDS, 0)


class Hosts:
    def __init__(self, loki: Loki) -> None:
        self._loki = loki
        self._has_looked = False
        self.by_name: dict[str, Host] = {}

    def look(self, now: int) -> list[str]:
        """Read what came, and judge; returns sentences about lines that can't be read. Raises LokiError."""
        problems = []
        sending = self._loki.hosts(now - KEPT)
        for name in sending:
            if name not in self.by_name:
                self.by_name[name] = self._begun(name, now)
        self._has_looked = True
        for name, host in self.by_name.items():
            problems += self._read(name, host, now)
            host.account.look(now)
        oldest = now - KEPT
        self.by_name = {
            name: each for name, each in self.by_name.items() if name in sending or each.read_until > oldest
        }
        return problems

    def _begun(self, name: str, now: int) -> Host:
        """Of one that was there before this keeper, what comes after its newest line; of a new one, all that it told.

        So what a host sends late, cut off while this keeper was started, is accounted for, and nothing twice.
        """
        host = Host(Account(partial(self._loki.counts, host=name)), now - KEPT)
        if not self._has_looked:
            for at, text in self._loki.told(name, now - KEPT, now + AHEAD, newest=True):
                host.read_until = at
                with suppress(ValueError):
                    host.end = told.read(text, at).window.end
        return host

    def _read(self, name: str, host: Host, now: int) -> list[str]:
        problems = []
        for at, text in self._loki.told(name, max(host.read_until, now - KEPT), now + AHEAD):
            try:
                host.add(at, text)
            except ValueError as error:
                problems.append(f"Expected a window of lines from the keeper on {name}, found {text[:200]!r}: {error}.")
        return problems[:1]
