"""Every alert is drilled or says why it can't be, and every drill is of an alert and a fault that there are."""

import pytest

from loki import rule_files as log_rules
from ops.faults import FAULTS
from prometheus import rule_files
from tests.drills.report import LEAST_DRILLED, PAGE, Line, page, read
from tests.drills.table import DRILLS, DUE, NOT_DRILLED

TIERS = {f"{rule['alert']}/{rule['labels']['severity']}" for _, rule in (*rule_files.alerts(), *log_rules.alerts())}
DRILLED = {drill.name for drill in DRILLS}
KEPT = read()


@pytest.mark.parametrize("tier", sorted(TIERS))
def test_an_alert_is_drilled_or_says_why_not(tier: str) -> None:
    excused = {tier, tier.split("/")[0]} & set(NOT_DRILLED)
    assert (tier in DRILLED) != bool(excused), f"{tier}: expected a row in DRILLS or one in NOT_DRILLED, not both"


def test_drills_and_excuses_are_of_alerts_that_there_are() -> None:
    assert DRILLED <= TIERS
    assert set(NOT_DRILLED) <= TIERS | {tier.split("/")[0] for tier in TIERS}


def test_drills_have_faults_that_there_are() -> None:
    assert {drill.fault for drill in DRILLS} <= set(FAULTS)


def test_enough_alerts_are_drilled() -> None:
    assert len({drill.alert for drill in DRILLS}) >= LEAST_DRILLED


def test_every_drill_has_been_run_and_passed_or_is_listed_as_due() -> None:
    assert DUE <= DRILLED
    assert {f"{line.alert}/{line.severity}" for line in KEPT} == DRILLED - DUE
    assert [line for line in KEPT if line.trouble or line.notified_after is None] == []
    unended = {f"{line.alert}/{line.severity}" for line in KEPT if line.resolved_after is None}
    assert unended <= {drill.name for drill in DRILLS if drill.told_only}


@pytest.mark.parametrize("line", KEPT, ids=lambda line: f"{line.alert}/{line.severity}")
def test_a_drill_is_not_older_than_its_rule(line: Line) -> None:
    again = f"`make drill ALERT={line.alert}` drills it anew"
    assert not line.is_stale, f"the rule, what it reads or its route has changed since {line.taken}: {again}"


def test_the_page_shows_what_is_kept() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(KEPT), "`make drill ALERT=…` writes page and results together"
