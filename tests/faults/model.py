"""What a row of the table of faults says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from ops import faults

NOTHING = "nothing"
SETTLES = 45.0
"""Seconds after its end in which what a fault has held up is there."""
PATIENCE = 60
"""Seconds beyond a promise for which it is still looked; the figures say by how much it was broken."""
Look = Callable[[float], object]
"""Whether something is as it is to be, with the time of the fault (or of the mending) in Unix seconds."""


@dataclass(frozen=True)
class Fault:
    """A fault of ops/faults.py on a running stack with shoppers, and what is promised of it.

    `works` is looked at from the fault until it holds, or, where the fault has to be mended, from the mending; `within`
    is how many seconds that may take. `sees` is looked at while the fault is there, for at most `seen_within` seconds.
    `alerts` must be told while the fault is there, within `seen_within` seconds, by a page in which `says` stands;
    `may` can be. Rows of one batch run side by side. `settles` is how many seconds after the end everything may take to
    be there. `apart_from` are the accounts of tests/faults/accounts.py that don't hold here, with the reason.
    """

    name: str
    rows: str
    noticed: str
    works: Look
    within: float
    batch: int
    sees: Look | None = None
    shows: str = ""
    seen_within: float = 0
    alerts: tuple[str, ...] = ()
    says: str = ""
    may: tuple[str, ...] = ()
    apart_from: tuple[tuple[str, str], ...] = ()
    settles: float = SETTLES
    quick: bool = False

    @cached_property
    def broken(self) -> str:
        return faults.FAULTS[self.name].meaning

    @property
    def ends_by_itself(self) -> bool:
        return faults.FAULTS[self.name].ends_by_itself

    @property
    def left_out(self) -> set[str]:
        return {account for account, _ in self.apart_from}


@dataclass(frozen=True)
class Proven:
    """A fault that a test elsewhere has: its file, and its name where the file has others too."""

    rows: str
    broken: str
    promise: str
    test: str


@dataclass(frozen=True)
class Unproven:
    """A fault that nothing here proves, with the reason."""

    rows: str
    broken: str
    why: str
