"""Each fault of the table on a running stack: over in the promised time, told as promised, and nothing is lost."""

import pytest

from tests.faults.model import Fault
from tests.faults.runner import Outcome
from tests.faults.table import ALONE, FAULTS
from tests.support.load import Load

ROWS = [
    pytest.param(fault, id=fault.name, marks=() if fault.quick else pytest.mark.thorough)
    for fault in FAULTS
    if fault.name not in ALONE
]
each_fault = pytest.mark.parametrize("fault", ROWS)
Outcomes = dict[str, Outcome]
BUSY_SHARE = 0.8
pytestmark = pytest.mark.timeout(5400)


@each_fault
def test_it_is_seen_and_over_in_time(outcomes: Outcomes, load: Load, fault: Fault) -> None:
    """Twice as late may be what runs beside other phases: the page has what a machine takes that does nothing else."""
    assert outcomes[fault.name].late(2 if load.processor > BUSY_SHARE else 1) == [], load.sentence


@each_fault
def test_no_other_alert_is_told(outcomes: Outcomes, fault: Fault) -> None:
    """Of all that are broken side by side, for what is told isn't one fault's alone."""
    assert outcomes[fault.name].unexpected == ()


@each_fault
def test_nothing_is_lost_or_doubled(outcomes: Outcomes, fault: Fault) -> None:
    assert outcomes[fault.name].unequal == []
