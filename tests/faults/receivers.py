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


def _counted(name: str, noticed: str, batch: int, paging: Paging, channel: str, *, is_told: bool = False) -> Fault:
    """The failing of `channel`, Alertmanager's name of it, is counted too, or told."""
    row = _row(name, noticed, batch, paging)
    return replace(
        row,
        sees=both(paging.by_the_others, failure_is_counted(channel)),
        shows=f"{row.shows}, the failure counted",
        seen_within=TOLD_WITHIN if is_told else COUNTED_WITHIN,
        alerts=FAILING if is_told else (),
        says=f"through {channel}" if is_told else "",
    )


# Rows of one batch share what is told: it is over when each of their channels is mended.
DOWN, MOVED, REFUSING, BUSY, EXPIRED = (
    Paging("slack"),
    Paging("slack", "email"),
    Paging("pagerduty"),
    Paging("slack", "pagerduty"),
    Paging("slack", "email"),
)
FAULTS: tuple[Fault, ...] = (
    _row("slack-down", "chat is silent, pages come by PagerDuty and e-mail", 10, DOWN, quick=True),
    _counted("slack-moved", "chat is silent, pages come by PagerDuty", 11, MOVED, "slack", is_told=True),
    _counted("mail-refused", "no mails, pages come by PagerDuty", 11, MOVED, "email", is_told=True),
    _counted(
        "pagerduty-refusing", "nobody is called, pages come by the others", 12, REFUSING, "pagerduty", is_told=True
    ),
    _counted("slack-busy", "chat is silent, pages come by e-mail", 13, BUSY, "slack"),
    _counted("pagerduty-hanging", "nobody is called, pages come by e-mail", 13, BUSY, "pagerduty"),
    _counted("slack-expired", "chat is silent, pages come by PagerDuty", 14, EXPIRED, "slack"),
    _counted("mail-greylisted", "mails come later, pages come by PagerDuty", 14, EXPIRED, "email"),
)
