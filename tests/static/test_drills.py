"""Every alert is drilled or says why it can't be, and every drill is of an alert and a fault that there are."""

from __future__ import annotations

import pytest

from ops.faults import FAULTS
from prometheus.rule_files import alerts
from tests.drills.report import LEAST_DRILLED
from tests.drills.table import DRILLS, NOT_DRILLED

TIERS = {f"{rule['alert']}/{rule['labels']['severity']}" for _, rule in alerts()}
DRILLED = {drill.name for drill in DRILLS}


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
