"""One drill: a real fault, the notification that must come of it, the mending, the resolution."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ops import faults
from ops.commands import current
from ops.console import OpsError
from tests.drills.model import Model
from tests.drills.table import Drill
from tests.support.alertmanager import Alertmanager
from tests.support.pages import CHANNELS, Page, Pages
from tests.support.prometheus import Prometheus
from tests.support.wait import NotSeenError, eventually

PATIENCE = 60
"""Seconds beyond the model's upper end; the figures say by how much a drill was late."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Outcome:
    """Seconds from the fault to the first notification, and from the mending to the resolution."""

    drill: Drill
    model: Model
    notified_after: float | None = None
    resolved_after: float | None = None
    pages: tuple[Page, ...] = ()
    """All that was told of the alert, by every channel, in the order of arrival."""
    inhibited: tuple[str, ...] = ()
    """The alerts that Alertmanager kept back because of this one's being told."""
    trouble: str = ""

    @property
    def passed(self) -> bool:
        return not self.trouble

    def told(self, channel: str) -> list[str]:
        """What a channel got, one word each: fired, resolved."""
        return ["resolved" if page.is_resolution else "fired" for page in self.pages if page.channel == channel]


def run(drill: Drill, pages: Pages, say: Say) -> Outcome:
    """Inject, wait, mend, wait; the fault is mended however it ends."""
    model = Model.of(drill)
    begun = time.time()
    say(f"{drill.name}: {drill.fault} injected; a notification is due after {model.lower:.0f} to {model.upper:.0f} s")
    notified = resolved = None
    inhibited: tuple[str, ...] = ()
    trouble = ""
    try:
        faults.inject(current(), drill.fault)
        notified = _wait_for_pages(pages, drill, begun, model.upper + PATIENCE) - begun
        if drill.inhibits:
            eventually(_inhibited, f"{drill.inhibits} to be inhibited", 90, until=lambda names: drill.inhibits in names)
        inhibited = _inhibited()
        say(f"{drill.name}: notified after {notified:.0f} s")
    except (NotSeenError, OpsError) as error:
        trouble = f"no notification: {error}"
    finally:
        faults.mend(current(), drill.fault)
    if not trouble:
        mended = time.time()
        try:
            resolved = _wait_for_resolution(pages, drill, mended) - mended
            say(f"{drill.name}: resolved after {resolved:.0f} s")
        except NotSeenError as error:
            trouble = f"no resolution: {error}"
    everything = [page for each in CHANNELS for page in pages.of(drill.alert, each, since=begun, says=drill.says)]
    everything.sort(key=lambda page: page.received_at)
    return Outcome(drill, model, notified, resolved, tuple(everything), inhibited, trouble)


def run_all(drills: Sequence[Drill], say: Say) -> list[Outcome]:
    """Batch by batch; the drills of a batch have faults that don't touch each other, and run side by side."""
    outcomes: list[Outcome] = []
    Prometheus().wait_until_it_judges()
    for batch in sorted({drill.batch for drill in drills}):
        side_by_side = [drill for drill in drills if drill.batch == batch]
        _wait_until_quiet(side_by_side)
        with ThreadPoolExecutor(len(side_by_side)) as workers:
            outcomes += workers.map(lambda drill: run(drill, Pages(), say), side_by_side)
    return outcomes


def _wait_until_quiet(drills: Sequence[Drill]) -> None:
    """An alert that fires already would answer for a fault that isn't there yet."""
    awaited = {drill.alert for drill in drills}

    def firing() -> list[str]:
        found = {each["labels"]["alertname"] for each in Prometheus().alerts() if each["state"] == "firing"}
        return sorted(found & awaited)

    eventually(firing, f"none of {', '.join(sorted(awaited))} to fire", 900, until=lambda names: not names, interval=5)


def _inhibited() -> tuple[str, ...]:
    found = [each for each in Alertmanager().alerts() if each["status"]["inhibitedBy"]]
    return tuple(sorted({each["labels"]["alertname"] for each in found}))


def _wait_for_pages(pages: Pages, drill: Drill, since: float, timeout: float) -> float:
    """When the first came, after each channel of the drill has told it."""

    told = _wait_for_all(pages, drill, since, timeout, resolution=False)
    return min(page.received_at for page in told)


def _wait_for_resolution(pages: Pages, drill: Drill, since: float) -> float:
    """When the last channel told it."""

    told = _wait_for_all(pages, drill, since, drill.resolves_within, resolution=True)
    return max(page.received_at for page in told)


def _wait_for_all(pages: Pages, drill: Drill, since: float, timeout: float, *, resolution: bool) -> list[Page]:
    """The first page of every channel that the drill expects."""

    def first() -> list[Page]:
        found = [
            pages.of(drill.alert, channel, since=since, resolution=resolution, says=drill.says)
            for channel in drill.channels
        ]
        return [each[0] for each in found if each]

    what = f"{'the resolution of ' if resolution else ''}{drill.alert} by {', '.join(drill.channels)}"
    expected = len(drill.channels)
    return eventually(first, what, timeout, until=lambda found: len(found) == expected, interval=2)
