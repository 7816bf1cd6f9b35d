"""A real fault of each class: the right people are told once, and once that it's over. All others: `make drill`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ops.console import say
from tests.drills.rules import rule
from tests.drills.runner import Outcome, run_all
from tests.drills.table import DRILLS, Drill
from tests.support import partner, stack
from tests.support.pages import CHANNELS

# The ERP that is gone keeps all others' alerts back: it comes when these are told, and while their ends are awaited.
HERE = [replace(drill, batch=2 if drill.inhibits else 1, ends_first=False) for drill in DRILLS if drill.in_tests]
CLASSES = {"http", "errors", "availability", "external", "celery", "database", "redis", "host", "self"}
ONCE = ["fired", "resolved"]


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    stack.ensure_up()
    partner.reset()
    return {outcome.drill.name: outcome for outcome in run_all(HERE, say)}


def by_name(drill: Drill) -> str:
    return drill.name


@pytest.mark.parametrize("drill", HERE, ids=by_name)
def test_a_fault_is_told_and_so_is_its_end(outcomes: dict[str, Outcome], drill: Drill) -> None:
    assert outcomes[drill.name].trouble == ""


@pytest.mark.parametrize("drill", HERE, ids=by_name)
def test_the_right_channels_are_told_once(outcomes: dict[str, Outcome], drill: Drill) -> None:
    told = {channel: outcomes[drill.name].told(channel) for channel in CHANNELS}
    assert told == {channel: ONCE if channel in drill.channels else [] for channel in CHANNELS}


@pytest.mark.parametrize("drill", HERE, ids=by_name)
def test_nothing_is_left_unrendered(outcomes: dict[str, Outcome], drill: Drill) -> None:
    assert [page.unrendered for page in outcomes[drill.name].pages if page.unrendered] == []


@pytest.mark.parametrize("drill", [each for each in HERE if each.inhibits], ids=by_name)
def test_a_neighbour_is_kept_back(outcomes: dict[str, Outcome], drill: Drill) -> None:
    assert drill.inhibits in outcomes[drill.name].inhibited


def test_each_class_has_a_drill_here() -> None:
    assert {rule(drill.alert, drill.severity)["component"] for drill in HERE} == CLASSES
