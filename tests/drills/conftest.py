"""Runs the drills of the collected tests once, side by side, and an order that meets one of their faults."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pytest
import requests

from ops.console import say
from tests.drills.runner import Outcome, run_all
from tests.drills.table import Drill, drill
from tests.support import partner, stack
from tests.support.erp import Erp, Ids
from tests.support.tracker import ErrorEvent, Tracker
from tests.support.wait import eventually

UNPAID = 503
PAYMENT = drill("ExternalApiDown/critical")
Outcomes = dict[str, Outcome]


@dataclass(frozen=True)
class Refused:
    """An order that couldn't be paid, and the error event of it."""

    ids: Ids
    answer: requests.Response
    event: ErrorEvent


@pytest.fixture(scope="session")
def drilled(request: pytest.FixtureRequest) -> Iterator[tuple[Outcomes, Future[Refused]]]:
    items = [item for item in request.session.items if isinstance(item, pytest.Function)]
    named = [item.callspec.params.get("drill") for item in items if hasattr(item, "callspec")]
    ordering = any("refused" in item.fixturenames for item in items)
    drills = {PAYMENT.name: PAYMENT} if ordering else {}
    drills |= {drill.name: drill for drill in named if isinstance(drill, Drill)}
    stack.ensure_up()
    partner.reset()
    with ThreadPoolExecutor(1) as customer:
        refused = customer.submit(_order_while_payment_is_broken) if ordering else Future[Refused]()
        yield {outcome.drill.name: outcome for outcome in run_all(list(drills.values()), say)}, refused


@pytest.fixture(scope="session")
def outcomes(drilled: tuple[Outcomes, Future[Refused]]) -> Outcomes:
    return drilled[0]


@pytest.fixture(scope="session")
def outage(outcomes: Outcomes) -> Outcome:
    return outcomes[PAYMENT.name]


@pytest.fixture(scope="session")
def refused(drilled: tuple[Outcomes, Future[Refused]]) -> Refused:
    return drilled[1].result()


def _order_while_payment_is_broken() -> Refused:
    erp, tracker = Erp(), Tracker()

    def order() -> tuple[Ids, requests.Response]:
        ids = Ids.fresh("outage")
        return ids, erp.place_order(ids)

    what = f"an order answered by {UNPAID}, for payment-down is one of the faults"
    ids, answer = eventually(order, what, 240, until=lambda seen: seen[1].status_code == UNPAID, interval=5)
    tagged = f"an error event tagged {ids.request}"
    (event, *_) = eventually(lambda: tracker.with_tag("request_id", ids.request), tagged, 30)
    return Refused(ids, answer, event)
