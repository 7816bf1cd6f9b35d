"""Every fault of the list has a row, a test elsewhere that exists, or a reason; the page shows what was measured."""

import pytest

from ops.faults import FAULTS as INJECTED
from ops.paths import ROOT
from tests.faults.accounts import ACCOUNTS
from tests.faults.elsewhere import PROVEN, UNPROVEN
from tests.faults.model import Fault, Proven
from tests.faults.report import Line, page, read
from tests.faults.table import FAULTS
from tests.support.promises import PAGE

LISTED = {f"F{number}" for number in range(1, 32)} | {f"I{number}" for number in range(1, 15)}
KEPT = read()


def test_every_fault_of_the_list_is_proven_or_says_why_not() -> None:
    rows = [each.rows for each in FAULTS] + [each.rows for each in PROVEN] + [each.rows for each in UNPROVEN]
    named = {number for each in rows for number in each.split(", ")}
    assert LISTED - named == set()


@pytest.mark.parametrize("proven", PROVEN, ids=lambda proven: proven.test)
def test_the_test_that_a_row_names_exists(proven: Proven) -> None:
    file, _, name = proven.test.partition("::")
    assert f"\ndef {name}(" in (ROOT / file).read_text(encoding="utf-8")


def test_rows_are_of_faults_alerts_and_accounts_that_there_are() -> None:
    assert [fault.name for fault in FAULTS if fault.name not in INJECTED] == []
    named = {alert for fault in FAULTS for alert in (*fault.alerts, *fault.may)}
    assert [alert for alert in sorted(named) if not (ROOT / "docs" / "runbooks" / f"{alert}.md").is_file()] == []
    assert {account for fault in FAULTS for account in fault.left_out} <= set(ACCOUNTS)


def test_every_row_has_been_measured() -> None:
    missing = sorted({fault.name for fault in FAULTS} - {line.name for line in KEPT})
    assert missing == [], f"`make faults NAME={' '.join(missing)!r}` measures them"


@pytest.mark.parametrize("line", KEPT, ids=lambda line: line.name)
def test_a_row_has_kept_its_promise(line: Line) -> None:
    again = f"`make faults NAME={line.name}` measures it"
    (fault,) = [each for each in FAULTS if each.name == line.name]
    assert (line.trouble, _late(fault, line)) == ("", []), again
    assert [account for account, (seen, expected) in line.figures.items() if seen != expected] == [], again


def _late(fault: Fault, line: Line) -> list[float]:
    promised = ((line.works_after, fault.within), (line.seen_after, fault.seen_within))
    return [after for after, within in promised if after is not None and after > within]


def test_the_page_shows_what_is_kept() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == page(text, KEPT), "`make faults NAME=…` writes page and results together"
