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
from tests.support.pages import Page, Pages
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
    channels: tuple[str, ...] = ()
    pages: tuple[Page, ...] = ()
    trouble: str = ""

    @property
    def passed(self) -> bool:
        return not self.trouble


def run(drill: Drill, pages: Pages, say: Say) -> Outcome:
    """Inject, wait, mend, wait; the fault is mended however it ends."""
    model = Model.of(drill)
    begun = time.time()
    say(f"{drill.name}: {drill.fault} injected; a notification is due after {model.lower:.0f} to {model.upper:.0f} s")
    try:
        faults.inject(current(), drill.fault)
        found = _wait_for_pages(pages, drill, begun, model.upper + PATIENCE)
    except (NotSeenError, OpsError) as error:
        return Outcome(drill, model, trouble=f"no notification: {error}")
    finally:
        faults.mend(current(), drill.fault)
    notified = min(page.received_at for page in found) - begun
    say(f"{drill.name}: notified after {notified:.0f} s by {', '.join(page.channel for page in found)}; mended")
    mended = time.time()
    outcome = Outcome(drill, model, notified, channels=tuple(page.channel for page in found), pages=tuple(found))
    try:
        resolved = _wait_for_resolution(pages, drill, mended)
    except NotSeenError as error:
        return Outcome(drill, model, notified, channels=outcome.channels, trouble=f"no resolution: {error}")
    say(f"{drill.name}: resolved after {resolved:.0f} s")
    return Outcome(drill, model, notified, resolved, outcome.channels, outcome.pages)


def run_all(drills: Sequence[Drill], say: Say) -> list[Outcome]:
    """Batch by batch; the drills of a batch have faults that don't touch each other, and run side by side."""
    outcomes: list[Outcome] = []
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


def _wait_for_pages(pages: Pages, drill: Drill, since: float, timeout: float) -> list[Page]:
    """The first page of each channel that the drill expects."""

    def first() -> list[Page]:
        found = [
            pages.of(drill.alert, channel, since=since, resolution=False, says=drill.says) for channel in drill.channels
        ]
        return [each[0] for each in found if each]

    return eventually(
        first,
        f"{drill.alert} by {', '.join(drill.channels)}",
        timeout,
        until=lambda found: len(found) == len(drill.channels),
        interval=2,
    )


def _wait_for_resolution(pages: Pages, drill: Drill, since: float) -> float:
    channel = drill.channels[0]
    page = eventually(
        lambda: pages.of(drill.alert, channel, since=since, resolution=True, says=drill.says),
        f"the resolution of {drill.alert} by {channel}",
        drill.resolves_within,
        interval=2,
    )[0]
    return page.received_at - since
