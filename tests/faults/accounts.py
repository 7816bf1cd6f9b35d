"""What is compared before and after a fault, each by number: what was acknowledged, and what is there afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import requests

from tests.faults.customer import OK, PROMPT_SECONDS, Customer
from tests.faults.standing import Standing
from tests.support import inside, stack
from tests.support.erp import RESPONSES, VERSION_VIEW, Erp, Ids
from tests.support.loki import Loki
from tests.support.pages import CHANNELS
from tests.support.prometheus import Prometheus
from tests.support.tracker import Tracker
from tests.support.wait import NotSeenError, eventually

EVENTS = 5
COUNTED = f'sum({RESPONSES}{{job="erp-web",view="{VERSION_VIEW}"}})'
LINES = '{{service="erp-web"}} |= "{run}-" | json | logger="access"'
MOST_LINES = 5000
TELL = f"""
import sys
import sentry_sdk
from django_instrumentation import context

with context.use(context.Context(request_id=sys.argv[1])):
    for number in range({EVENTS}):
        try:
            raise RuntimeError(sys.argv[1])
        except RuntimeError as error:
            sentry_sdk.capture_exception(error)
sentry_sdk.flush(10)
"""
Sample = tuple[tuple[tuple[str, str], ...], float, str]


@dataclass(frozen=True)
class Scene:
    """What there was before a batch of faults, and who orders during it."""

    begun: float
    customer: Customer
    standing: Standing
    counted: float
    samples: frozenset[Sample]
    told: Ids

    @staticmethod
    def set(standing: Standing) -> Scene:
        """Tells the tracker of errors, looks at what Prometheus has, and lets a customer in."""
        told = Ids.fresh("before")
        inside.run("erp-web", TELL, told.request)
        customer, counted = Customer(), Erp().counter(RESPONSES, view=VERSION_VIEW)
        begun = time.time()
        return Scene(begun, customer, standing, counted, samples(begun), told)


def samples(until: float) -> frozenset[Sample]:
    """Every sample of `up` that Prometheus has of the minute before, exactly as it was stored."""
    found = Prometheus().get("query", query="up[1m]", time=until)["result"]
    return frozenset((tuple(sorted(row["metric"].items())), at, value) for row in found for at, value in row["values"])


@dataclass(frozen=True)
class Figure:
    """Of one account: what must be there and what is; None where the program that counts doesn't answer."""

    account: str
    expected: int
    found: int | None

    def __str__(self) -> str:
        return f"{self.account}: {'unknown' if self.found is None else self.found} of {self.expected}"


@dataclass(frozen=True)
class Account:
    """`counts` is how the page names it."""

    counts: str
    expected: Callable[[Scene], int]
    found: Callable[[Scene], int]

    def settle(self, scene: Scene, patience: float) -> Figure:
        """What isn't there after `patience` seconds is lost."""
        expected = self.expected(scene)
        try:
            eventually(lambda: self.found(scene), self.counts, patience, until=expected.__eq__, interval=2)
        except NotSeenError:
            return Figure(self.counts, expected, self._last(scene))
        return Figure(self.counts, expected, expected)

    def _last(self, scene: Scene) -> int | None:
        try:
            return self.found(scene)
        except (requests.RequestException, stack.CommandError):
            return None


def _in_database(scene: Scene, condition: str) -> int:
    """How many of the acknowledged orders fulfil an SQL condition."""
    numbers = ",".join(f"'{number}'" for number in scene.customer.orders) or "''"
    statement = f"SELECT count(*) FROM orders_order o WHERE o.number IN ({numbers}) AND {condition}"  # noqa: S608
    return int(stack.execute("erp-db", "psql", "-At", "-U", "postgres", "-d", "erp", "-c", statement))


def _lines(scene: Scene) -> list[str]:
    """The request ids of the customer's access lines."""
    entries = Loki().entries(LINES.format(run=scene.customer.run), limit=MOST_LINES)
    return [str(entry.fields["request_id"]) for entry in entries]


def _events(scene: Scene) -> int:
    """Those that were told before the fault, which are one issue."""
    tracker = Tracker()
    issues = [issue["id"] for issue in tracker.issues() if scene.told.request in str(issue)]
    return sum(len(tracker.get("events/", issue=issue, order="desc")["results"]) for issue in issues)


def _told(scene: Scene) -> int:
    """Pages of the standing alert: told again only if Alertmanager has forgotten that it told it."""
    return sum(len(scene.standing.pages(channel, scene.begun)) for channel in CHANNELS)


FINISHED = "o.status = 'shipped' AND (SELECT count(*) FROM orders_invoice i WHERE i.order_id = o.id) = 1"
ACCOUNTS = {
    "orders": Account(
        "acknowledged orders in the database",
        lambda scene: len(scene.customer.orders),
        lambda scene: _in_database(scene, "o.status IN ('paid', 'shipped')"),
    ),
    "shipments": Account(
        "of them shipped once and invoiced once",
        lambda scene: len(scene.customer.orders),
        lambda scene: _in_database(scene, FINISHED),
    ),
    "requests": Account(
        "answered requests counted by Prometheus",
        lambda scene: scene.customer.asked[str(OK)],
        lambda scene: round(Prometheus().value(COUNTED) - scene.counted),
    ),
    "prompt": Account(
        f"requests that took more than {PROMPT_SECONDS:g} s",
        lambda _: 0,
        lambda scene: scene.customer.late,
    ),
    "lines": Account(
        "answered requests with an access line in Loki",
        lambda scene: len(scene.customer.answered),
        lambda scene: len(set(_lines(scene)) & scene.customer.answered),
    ),
    "doubled": Account(
        "lines that are there twice",
        lambda _: 0,
        lambda scene: len(found := _lines(scene)) - len(set(found)),
    ),
    "samples": Account(
        "samples of the minute before",
        lambda scene: len(scene.samples),
        lambda scene: len(scene.samples & samples(scene.begun)),
    ),
    "events": Account(
        "error events told before",
        lambda _: EVENTS,
        _events,
    ),
    "silences": Account(
        "silences that hold",
        lambda _: 1,
        lambda scene: int(scene.standing.is_silent),
    ),
    "pages": Account(
        "alerts told again that were told before",
        lambda _: 0,
        _told,
    ),
}
