"""What was measured of the loss of engines with SCALE=on: tests/bench/results/losses.json, and a section of a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from ops.paths import ROOT
from tests.bench import stack as bench

PAGE = ROOT / "docs" / "scale.md"
NOTHING = "\N{EN DASH}"
BEGIN, END = "\n## What the loss of engines costs\n", "\n## "
INTRO = """
Written by `make test PHASES=scale`: engines are killed with signal 9 while a customer orders. Where lines are named, a
container writes 1,000 a second, 21,000 samples a second are scraped, and another host pushes a sample and a line each
second through the gateway. Found is what queries find afterwards, of what was written or acknowledged. In each row
orders, requests, events and pages were compared too, and none was missing or doubled. A query is whole when it finds of
a moment before everything that was found then.

| killed | away, s | queries whole after, s | told after, s | lines found | pushed samples and lines found | orders |
|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Loss:
    """A list is what was found, and what was to be."""

    killed: str
    away_seconds: float
    orders: int
    whole_seconds: float | None = None
    told_seconds: float | None = None
    lines: Sequence[int] = ()
    pushed: Sequence[int] = ()

    def __str__(self) -> str:
        counts = [f"{counted[0]:,} of {counted[1]:,}" if counted else NOTHING for counted in (self.lines, self.pushed)]
        seconds = [NOTHING if each is None else f"{each:g}" for each in (self.whole_seconds, self.told_seconds)]
        return f"| {' | '.join([self.killed, f'{self.away_seconds:g}', *seconds, *counts, f'{self.orders:,}'])} |"


@dataclass(frozen=True)
class Losses:
    """`order` has the name of each row that may be kept."""

    order: Sequence[str]
    rows: list[Loss] = field(default_factory=list)

    def keep(self) -> None:
        """Put new rows in the place of older ones, and write the page."""
        known = [Loss(**each) for each in bench.recorded("losses").get("rows", [])]
        by_name = {each.killed: each for each in [*known, *self.rows]}
        kept = [by_name[name] for name in self.order if name in by_name]
        bench.record("losses", {"rows": [asdict(each) for each in kept]})
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        lines = "".join(f"{each}\n" for each in kept)
        PAGE.write_text(f"{before}{BEGIN}{INTRO}{lines}{END}{after}", encoding="utf-8")
