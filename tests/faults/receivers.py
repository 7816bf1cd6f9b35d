"""Rows of those who are to be told: while a channel fails, the page comes by another one, and the failure is told."""

from tests.faults.looks import Paging
from tests.faults.model import Fault

TOLD = "a critical alert told by the other channels"
FAILING = ("NotificationsFailing",)
FAILING_WITHIN = 420
"""A minute and some until the first failure is counted, and the alert's `for` of five minutes."""


def _row(
    name: str, noticed: str, batch: int, paging: Paging, *, alerts: tuple[str, ...] = (), quick: bool = False
) -> Fault:
    return Fault(
        name,
        "F12",
        noticed,
        paging.by_all,
        60,
        batch,
        sees=paging.by_the_others,
        shows=TOLD,
        seen_within=FAILING_WITHIN if alerts else 60,
        alerts=alerts,
        may=FAILING,
        quick=quick,
    )


BY_MAIL, BY_PAGER, BUSY, LATER, EXPIRED = (
    Paging("slack", "pagerduty"),
    Paging("slack", "email"),
    Paging("slack", "pagerduty"),
    Paging("email"),
    Paging("slack"),
)
FAULTS: tuple[Fault, ...] = (
    _row("slack-down", "chat is silent, pages come by e-mail", 10, BY_MAIL, quick=True),
    _row("pagerduty-refusing", "nobody is called, pages come by e-mail", 10, BY_MAIL, quick=True),
    _row("slack-moved", "chat is silent, pages come by PagerDuty", 11, BY_PAGER),
    _row("mail-refused", "no mails, pages come by PagerDuty", 11, BY_PAGER),
    _row("slack-busy", "chat is silent, pages come by e-mail", 12, BUSY, alerts=FAILING),
    _row("pagerduty-hanging", "nobody is called, pages come by e-mail", 12, BUSY, alerts=FAILING),
    _row("slack-expired", "chat is silent, pages come by PagerDuty", 13, EXPIRED),
    _row("mail-greylisted", "mails come later, pages come by Slack and PagerDuty", 14, LATER, alerts=FAILING),
)
