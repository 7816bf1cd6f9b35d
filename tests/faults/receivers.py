"""Rows of those who are to be told: while a channel fails, the page comes by another one, and the failure is told.

The failing of a channel is told once for all that fails within a quarter of an hour: one row of each channel waits for
it.
"""

from dataclasses import replace

from tests.faults.looks import Paging, both, failure_is_counted
from tests.faults.model import Fault

FAILING = ("NotificationsFailing",)
TOLD_WITHIN = 420
"""A minute and some until the first failure is counted, and the alert's `for` of five minutes."""
COUNTED_WITHIN = 180


def _row(name: str, noticed: str, batch: int, paging: Paging, *, quick: bool = False) -> Fault:
    return Fault(
        name,
        "F12",
        noticed,
        paging.by_all,
        60,
        batch,
        sees=paging.by_the_others,
        shows="a critical alert told by the other channels",
        seen_within=60,
        may=FAILING,
        quick=quick,
    )


def _counted(name: str, noticed: str, batch: int, paging: Paging, *, is_told: bool = False) -> Fault:
    """The failing of the channel is counted too, or told."""
    row = _row(name, noticed, batch, paging)
    return replace(
        row,
        sees=both(paging.by_the_others, failure_is_counted(paging.failing)),
        shows=f"{row.shows}, the failure counted",
        seen_within=TOLD_WITHIN if is_told else COUNTED_WITHIN,
        alerts=FAILING if is_told else (),
        may=(*row.may, "LogErrorsUnusual") if is_told else row.may,
        says=f"through {paging.failing}" if is_told else "",
    )


FAULTS: tuple[Fault, ...] = (
    _row("slack-down", "chat is silent, pages come by PagerDuty and e-mail", 10, Paging("slack"), quick=True),
    _counted("slack-moved", "chat is silent, pages come by PagerDuty", 11, Paging("slack", "email"), is_told=True),
    _counted("mail-refused", "no mails, pages come by PagerDuty", 11, Paging("email", "slack"), is_told=True),
    _counted("pagerduty-refusing", "nobody is called, pages come by the others", 12, Paging("pagerduty"), is_told=True),
    _counted("slack-busy", "chat is silent, pages come by e-mail", 13, Paging("slack", "pagerduty")),
    _counted("pagerduty-hanging", "nobody is called, pages come by e-mail", 13, Paging("pagerduty", "slack")),
    _counted("slack-expired", "chat is silent, pages come by PagerDuty", 14, Paging("slack", "email")),
    _counted("mail-greylisted", "mails come later, pages come by PagerDuty", 14, Paging("email", "slack")),
)
