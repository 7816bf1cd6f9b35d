"""Breaks, batch by batch, and sees what is promised of each fault and what is counted before and after."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from ops import faults
from ops.commands import current, known
from ops.console import OpsError
from tests.faults.accounts import ACCOUNTS, Figure, Scene
from tests.faults.model import PATIENCE, Fault
from tests.faults.standing import OWN, TOLD_SECONDS, Standing
from tests.support.pages import CHANNELS, Page, Pages
from tests.support.prometheus import Prometheus
from tests.support.wait import NotSeenError, eventually, lasts

LOOK_SECONDS = 0.5
LINGERS_SECONDS = 900
"""What a fault leads to may be told so long after its end: NotificationsFailing is about a quarter of an hour."""
# What other tests beside this one make a small machine do.
BUSY = ("HttpLatencyP95High", "HttpLatencyP99High", "HostCpuSaturated")
Say = Callable[[str], object]
Keep = Callable[["Outcome"], object]


@dataclass(frozen=True)
class Outcome:
    """Seconds from the fault until it was seen, and until all worked again: from the mending where it needs one."""

    fault: Fault
    seen_after: float | None = None
    works_after: float | None = None
    unexpected: tuple[str, ...] = ()
    """The alerts that were told during the batch and that no row of it expects."""
    figures: tuple[Figure, ...] = ()
    refused: dict[str, int] = field(default_factory=dict)
    """What the customer got in place of an order, by status."""
    trouble: str = ""

    def late(self, times: float = 1) -> list[str]:
        """What took longer than so many times what is promised, or didn't come at all."""
        if self.trouble:
            return [self.trouble]
        promised = {"works": (self.works_after, self.fault.within), "seen": (self.seen_after, self.fault.seen_within)}
        late = {what: after for what, (after, within) in promised.items() if after and after > times * within}
        return [f"{what} after {after:.1f} s" for what, after in late.items()]

    @property
    def unequal(self) -> list[str]:
        return [str(figure) for figure in self.figures if figure.found != figure.expected]


def run_all(rows: Sequence[Fault], say: Say, keep: Keep = lambda _: None) -> list[Outcome]:
    standing = Standing()
    eventually(lambda: standing.is_written, "Alertmanager has written down what it told", 30)
    found: list[Outcome] = []
    until: dict[str, float] = {}
    for batch in sorted({fault.batch for fault in rows}):
        beside = [fault for fault in rows if fault.batch == batch]
        if any(fault.alerts for fault in beside):
            Prometheus().wait_until_it_judges()
        until |= {alert: math.inf for fault in beside for alert in (*fault.alerts, *fault.may)}
        expected = {*BUSY, *(alert for alert, moment in until.items() if moment > time.time())}
        for outcome in _run_batch(beside, standing, expected, say):
            keep(outcome)
            found.append(outcome)
        until |= {alert: time.time() + LINGERS_SECONDS for alert, moment in until.items() if moment == math.inf}
    return found


def _run_batch(rows: Sequence[Fault], standing: Standing, expected: set[str], say: Say) -> list[Outcome]:
    """Side by side; the accounts are those that hold for every row."""
    for fault in rows:
        faults.prepare(current(), fault.name)
    scene = Scene.set(standing)
    with scene.customer.ordering(), ThreadPoolExecutor(len(rows)) as workers:
        outcomes = list(workers.map(lambda fault: _break(fault, say), rows))
    standing.send_again()
    sent_again = time.time()
    left_out = set().union(*(fault.left_out for fault in rows))
    patience = max(fault.settles for fault in rows)
    figures = [each.settle(scene, patience) for name, each in ACCOUNTS.items() if name not in {*left_out, "pages"}]
    if "pages" not in left_out:
        lasts(_left(sent_again), "an alert that was sent again could be told")
        figures.append(ACCOUNTS["pages"].settle(scene, 0))
    told = {page.alert for page in _pages(scene.begun) if page.alert and not page.alert.startswith(OWN)}
    refused = dict(scene.customer.refused)
    say(f"Counted: {'; '.join(map(str, figures))}. Orders refused: {refused or 'none'}.")
    say(f"Told: {', '.join(sorted(told)) or 'nothing'}.")
    surprises = tuple(sorted(told - expected))
    return [replace(each, unexpected=surprises, figures=tuple(figures), refused=refused) for each in outcomes]


def _left(since: float) -> float:
    return max(0.0, since + TOLD_SECONDS - time.time())


def _pages(since: float) -> list[Page]:
    """What every channel was told since then (Unix seconds), without the ends of what was told before."""
    found = [page for channel in CHANNELS for page in Pages().received(channel, since=since)]
    return [page for page in found if not page.is_resolution]


def _break(fault: Fault, say: Say) -> Outcome:
    begun = time.time()
    outcome = Outcome(fault)
    try:
        try:
            faults.inject(current(), fault.name)
            if fault.sees or fault.alerts:
                outcome = replace(outcome, seen_after=_see(fault, begun))
        finally:
            since = begun if fault.ends_by_itself else time.time()
            faults.mend(known(), fault.name)
        eventually(
            lambda: fault.works(since), f"{fault.name} to be over", fault.within + PATIENCE, interval=LOOK_SECONDS
        )
    except (OpsError, NotSeenError) as error:
        say(f"{fault.name}: {error}")
        return replace(outcome, trouble=str(error))
    outcome = replace(outcome, works_after=time.time() - since)
    seen = "" if outcome.seen_after is None else f"seen after {outcome.seen_after:.0f} s, "
    say(f"{fault.name}: {seen}works after {outcome.works_after:.1f} s, promised {fault.within:g} s")
    return outcome


def _see(fault: Fault, begun: float) -> float:
    """Seconds until what must be seen was seen and every alert that must come was told."""

    def look() -> bool:
        # At each look: what is looked at may send what the alert is about.
        is_seen = fault.sees is None or bool(fault.sees(begun))
        told = {page.alert for page in _pages(begun) if fault.says in page.text} if fault.alerts else set()
        return is_seen and set(fault.alerts) <= told

    what = fault.shows or f"{', '.join(fault.alerts)} told"
    eventually(look, f"{what} while {fault.broken}", fault.seen_within + PATIENCE, interval=LOOK_SECONDS)
    return time.time() - begun
