"""Drills: real faults, the notifications that must come of them, the mending, the resolutions."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import dropwhile, pairwise

from ops import faults
from ops.commands import current
from ops.console import OpsError
from tests.drills.model import Model
from tests.drills.table import Drill
from tests.support import stack
from tests.support.alertmanager import Alertmanager
from tests.support.pages import CHANNELS, Page, Pages
from tests.support.prometheus import Prometheus
from tests.support.wait import NotSeenError, eventually

PATIENCE = 120
"""Seconds beyond the model's upper end; the figures say by how much a drill was late."""
MENDED_WITHIN = 120.0
INHIBITED_WITHIN = 420
"""Seconds from a page until what it keeps back fires: its own `for` is up to five minutes."""
SILENCES = {"watchdog-silenced"}
FORGETS = 5 + 5
"""Seconds from a page until Alertmanager has written down that it told it, --data.maintenance-interval and some."""
Say = Callable[[str], None]
Keep = Callable[["Outcome"], object]


@dataclass(frozen=True)
class Outcome:
    """Seconds from the fault to the first notification, and from the mending's begin to the resolution."""

    drill: Drill
    model: Model
    begun: float
    notified_after: float | None = None
    resolved_after: float | None = None
    pages: tuple[Page, ...] = ()
    """All that was told of the alert, by every channel, in the order of arrival."""
    inhibited: tuple[str, ...] = ()
    """The alerts that Alertmanager kept back because of this one's being told."""
    trouble: str = ""
    restarted: float = 0
    """When Alertmanager was last started (Unix seconds)."""

    @property
    def passed(self) -> bool:
        return not self.trouble

    def told(self, channel: str) -> list[str]:
        """What a channel got, one word each: fired, resolved; without the end of an alert that fired before the fault.

        What was told twice counts once where Alertmanager was killed soon after the first: it wrote nothing down yet.
        """
        ours = (page for page in self.pages if page.channel == channel)
        pages = list(dropwhile(lambda page: page.is_resolution, ours))
        forgotten = [
            before.is_resolution is page.is_resolution
            and before.received_at < self.restarted < page.received_at
            and self.restarted - before.received_at < FORGETS
            for before, page in pairwise(pages)
        ]
        kept = [page for page, again in zip(pages, [False, *forgotten], strict=False) if not again]
        return ["resolved" if page.is_resolution else "fired" for page in kept]


def run_all(drills: Sequence[Drill], say: Say, keep: Keep = lambda _: None) -> list[Outcome]:
    """Batch by batch; the faults of a batch don't touch each other, and run side by side.

    The next batch waits for the end of those alerts that it would hold up. `keep` gets each outcome when it ends.
    """
    Prometheus().wait_until_it_judges()
    ends: list[Future[Outcome]] = []
    with ThreadPoolExecutor(len(drills)) as endings:
        *_, last = batches = sorted({drill.batch for drill in drills})
        for batch in batches:
            side_by_side = [drill for drill in drills if drill.batch == batch]
            _wait_until_quiet(side_by_side)
            names = dict.fromkeys(drill.fault for drill in side_by_side)
            by_fault = [[each for each in side_by_side if each.fault == fault] for fault in names]
            with ThreadPoolExecutor(len(by_fault)) as workers:
                told = workers.map(lambda rows: _break(rows, endings, say, keep), by_fault)
                begun = {future: outcome.drill for pairs in told for outcome, future in pairs}
            ends += begun
            if batch != last:
                for future, drill in begun.items():
                    if drill.ends_first:
                        future.result()
        say("Every fault is mended; what is left are the ends of the alerts.")
        return [future.result() for future in ends]


def _break(
    drills: Sequence[Drill], endings: ThreadPoolExecutor, say: Say, keep: Keep
) -> list[tuple[Outcome, Future[Outcome]]]:
    """Inject one fault, wait until each of its alerts is told, mend; the ends are awaited by `endings`."""
    fault = drills[0].fault
    begun = time.time()
    try:
        faults.inject(current(), fault)
        took = time.time() - begun
        with ThreadPoolExecutor(len(drills)) as watchers:
            outcomes = list(watchers.map(lambda drill: _tell(drill, begun, took, say), drills))
    except OpsError as error:
        say(f"{fault}: NOT INJECTED: {error}")
        outcomes = [Outcome(drill, Model.of(drill), begun, trouble=f"no fault: {error}") for drill in drills]
    finally:
        mending = time.time()
        _insist(fault)
    return [(outcome, endings.submit(_end, outcome, mending, say, keep)) for outcome in outcomes]


def _insist(fault: str) -> None:
    """The phase beside this one kills Alertmanager, which some faults need to be mended."""

    def mend() -> bool:
        try:
            faults.mend(current(), fault)
        except OpsError as error:
            raise AssertionError(str(error)) from error
        return True

    eventually(mend, f"{fault} to be mended", MENDED_WITHIN, interval=2)


def _end_again_what_a_kill_brought_back(fault: str) -> None:
    """A silence goes on whose end a killed Alertmanager hadn't written down: with no kill there is none to end here."""
    if fault in SILENCES:
        mended = time.time()
        written = "Alertmanager to have written down the end of the silence"
        eventually(time.time, written, 2 * FORGETS, until=lambda now: now > mended + FORGETS)
        _insist(fault)


def _tell(drill: Drill, begun: float, took: float, say: Say) -> Outcome:
    """The fault was begun at a time (Unix seconds), and it took some seconds until it was there."""
    pages = Pages()
    model = Model.of(drill)
    model = replace(model, upper=model.upper + took)
    outcome = Outcome(drill, model, begun)
    say(f"{drill.name}: {drill.fault}; a notification is due after {model.lower:.0f} to {model.upper:.0f} s")
    try:
        first = min(page.received_at for page in _wait_for_all(pages, drill, begun, model.upper + PATIENCE))
        if drill.inhibits:
            eventually(
                _inhibited,
                f"{drill.inhibits} to be inhibited",
                INHIBITED_WITHIN,
                until=lambda names: drill.inhibits in names,
            )
    except NotSeenError as error:
        say(f"{drill.name}: NOT NOTIFIED")
        return replace(outcome, trouble=f"no notification: {error}")
    say(f"{drill.name}: notified after {first - begun:.0f} s")
    return replace(outcome, notified_after=first - begun, inhibited=_inhibited())


def _end(outcome: Outcome, mending: float, say: Say, keep: Keep) -> Outcome:
    """Its resolution by every channel, and all that was told until then.

    The mending began at a time (Unix seconds). It may take longer than the alert's end: Celery's command waits 15 s for
    answers.
    """
    drill, pages = outcome.drill, Pages()
    _end_again_what_a_kill_brought_back(drill.fault)
    if outcome.passed and not drill.told_only:
        try:
            told = _wait_for_all(pages, drill, mending, drill.resolves_within, resolution=True)
            resolved = max(page.received_at for page in told) - mending
            say(f"{drill.name}: resolved after {resolved:.0f} s")
            outcome = replace(outcome, resolved_after=resolved)
        except NotSeenError as error:
            say(f"{drill.name}: NOT RESOLVED")
            outcome = replace(outcome, trouble=f"no resolution: {error}")
    found = [page for each in CHANNELS for page in pages.of(drill.alert, each, since=outcome.begun, says=drill.says)]
    pages_by_time = tuple(sorted(found, key=lambda page: page.received_at))
    outcome = replace(outcome, pages=pages_by_time, restarted=stack.started_at("alertmanager"))
    keep(outcome)
    return outcome


def _wait_until_quiet(drills: Sequence[Drill]) -> None:
    """An alert that fires already would answer for a fault that isn't there yet."""

    def firing() -> list[str]:
        found = [each for each in Prometheus().alerts() if each["state"] == "firing"]
        return sorted(
            drill.name
            for drill in drills
            if any(each["labels"]["alertname"] == drill.alert and drill.says in str(each) for each in found)
        )

    what = f"none of {', '.join(drill.name for drill in drills)} to fire"
    eventually(firing, what, 1500, until=lambda names: not names, interval=5)


def _inhibited() -> tuple[str, ...]:
    found = [each for each in Alertmanager().alerts() if each["status"]["inhibitedBy"]]
    return tuple(sorted({each["labels"]["alertname"] for each in found}))


def _wait_for_all(pages: Pages, drill: Drill, since: float, timeout: float, *, resolution: bool = False) -> list[Page]:
    """The first page of every channel that the drill expects."""

    def first() -> list[Page]:
        found = [
            pages.of(drill.alert, channel, since=since, resolution=resolution, says=drill.says)
            for channel in drill.channels
        ]
        return [each[0] for each in found if each]

    what = f"{'the resolution of ' if resolution else ''}{drill.alert} by {', '.join(drill.channels)}"
    expected = len(drill.channels)
    return eventually(first, what, timeout, until=lambda found: len(found) == expected, interval=5)
