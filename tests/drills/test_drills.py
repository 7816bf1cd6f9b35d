"""A real fault of each class: the right people are told once, and once that it's over. All others: `make drill`."""

from dataclasses import replace

import pytest

from tests.drills.conftest import PAYMENT, Outcomes
from tests.drills.rules import rule
from tests.drills.table import Drill, drill
from tests.support.pages import CHANNELS

# What is told and over within about four minutes; of a class that has nothing so quick, what is told first. The ends
# that aren't awaited here are in docs/operations/drills.md. Side by side, so that all take as long as the longest.
BESIDE = (
    PAYMENT,
    replace(drill("HttpErrorRatioHigh/critical"), fault=PAYMENT.fault, inhibits="", told_only=True),
    replace(drill("ExceptionSpike/critical"), told_only=True),
    drill("CeleryQueueStuck/critical"),
    drill("HeartbeatLate/critical"),
    drill("HostDiskFull/critical"),
)
# These hold back what the others wait for, so they come when no other alert is awaited.
OUTAGES = (drill("ApplicationDown/critical"), drill("PostgresDown/critical"), drill("RedisDown/critical"))
CLASSES = {"http", "errors", "availability", "external", "celery", "database", "redis", "host", "self"}
DRILLED = [
    *(pytest.param(replace(each, batch=1, ends_first=False), id=each.name) for each in BESIDE),
    *(pytest.param(replace(each, batch=2), id=each.name, marks=pytest.mark.alone) for each in OUTAGES),
]
each_drill = pytest.mark.parametrize("drill", DRILLED)


@each_drill
def test_a_fault_is_told_and_so_is_its_end(outcomes: Outcomes, drill: Drill) -> None:
    assert outcomes[drill.name].trouble == ""


@each_drill
def test_the_right_channels_are_told_once(outcomes: Outcomes, drill: Drill) -> None:
    told = {channel: outcomes[drill.name].told(channel) for channel in CHANNELS}
    once = ["fired"] if drill.told_only else ["fired", "resolved"]
    assert told == {channel: once if channel in drill.channels else [] for channel in CHANNELS}


@each_drill
def test_nothing_is_left_unrendered(outcomes: Outcomes, drill: Drill) -> None:
    assert [page.unrendered for page in outcomes[drill.name].pages if page.unrendered] == []


@each_drill
def test_a_neighbour_is_kept_back(outcomes: Outcomes, drill: Drill) -> None:
    assert drill.inhibits in ("", *outcomes[drill.name].inhibited)


def test_each_class_has_a_drill_here() -> None:
    assert {rule(each.alert, each.severity)["component"] for each in (*BESIDE, *OUTAGES)} == CLASSES
