"""What the checks look for is made at the start, all of it side by side, and is removed at the end."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from ops import notification
from ops.commands import current
from tests.support import inside, stack
from tests.support.erp import RESPONSES, VERSION_VIEW, Erp, Ids
from tests.support.loki import Loki
from tests.support.tracker import Tracker
from tests.support.wait import eventually

REQUESTS = 120
COUNTED = f'sum({RESPONSES}{{job="erp-web",view="{VERSION_VIEW}"}})'
CHANNELS = tuple(notification.FILES)
PLANTED_ERROR = """
import sys
import sentry_sdk
from django_instrumentation import context

with context.use(context.Context(request_id=sys.argv[1])):
    try:
        raise RuntimeError("planted by make smoke")
    except RuntimeError as error:
        sentry_sdk.capture_exception(error)
sentry_sdk.flush(10)
"""
REMOVE_ORDER = """
import sys
from django.db import transaction
from catalog.services import stock_release
from orders.models import Invoice, Order

with transaction.atomic():
    order = Order.objects.select_for_update().get(number=sys.argv[1])
    stock_release(quantities=dict(order.lines.values_list("product_id", "quantity")))
    Invoice.objects.filter(order=order).delete()
    order.delete()
"""


@dataclass(frozen=True)
class Burst:
    """Requests to a view that nothing else calls."""

    ids: frozenset[str]
    statuses: frozenset[int]
    counted_before: float

    @property
    def counted_after(self) -> float:
        return self.counted_before + REQUESTS

    def lines(self, loki: Loki) -> list[str]:
        """The request ids of the access lines that Loki has of them."""
        query = f'{{service="erp-web"}} |= "smoke-" | json | logger="access" | view="{VERSION_VIEW}"'
        found = [entry.fields["request_id"] for entry in loki.entries(query, seconds=600, limit=5000)]
        return [request_id for request_id in found if request_id in self.ids]


# Checks and fixtures
NEEDS_SAMPLE = {"test_health_pages", "burst", "order", "erp", "planted_error"}


@dataclass(frozen=True)
class Order:
    ids: Ids
    answer: requests.Response
    counted_before: float

    @property
    def number(self) -> str:
        return str(self.answer.json()["number"])


def sentence(item: pytest.Item) -> str:
    """What a check says: the first line of its docstring, and its case."""
    assert isinstance(item, pytest.Function)
    text = (item.function.__doc__ or "").strip().splitlines()[0].rstrip(".")
    return f"{item.callspec.id}: {text}" if hasattr(item, "callspec") else text


def off_because(item: pytest.Item) -> str:
    """Why a check doesn't run with these settings; empty where it does."""
    settings = stack.loaded_settings()
    if item.get_closest_marker("writes") and not settings.is_sandbox and os.environ.get("SMOKE_WRITES") != "on":
        return f"it writes, and this is ENV={settings['ENV']}; SMOKE_WRITES=on runs it"
    if item.get_closest_marker("asks_bugsink") and "@bugsink:" not in stack.secret("sentry_dsn"):
        return "SENTRY_DSN names a tracker that it can't ask"
    if not settings.has_sample and NEEDS_SAMPLE & {item.name, *getattr(item, "fixturenames", ())}:
        return "SAMPLE=off: it asks the sample ERP"
    channel = item.callspec.params.get("channel") if hasattr(item, "callspec") else None
    if channel and not notification.is_on(settings, channel):
        return f"the channel is off: {settings.secrets.name}/{notification.FILES[channel]} is empty"
    return ""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    own = [item for item in items if item.path.is_relative_to(Path(__file__).parent)]  # others may run beside these
    off = []
    for item in own:
        item.user_properties.append(("check", sentence(item)))
        if reason := off_because(item):
            item.user_properties.append(("off", reason))
            off.append(item)
    items[:] = [item for item in items if item not in off]
    config.hook.pytest_deselected(items=off)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "writes: places an order or plants an error")
    config.addinivalue_line("markers", "asks_bugsink: reads the bundled tracker")


@pytest.fixture
def seen(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Says what a check saw, in its line of the summary."""
    return lambda text: record_property("seen", text)


@pytest.fixture(scope="session", autouse=True)
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(12) as workers:
        yield workers


@pytest.fixture(scope="session", autouse=True)
def deliveries(pool: ThreadPoolExecutor) -> dict[str, Future[None]]:
    """One test alert to each channel that is on; a failed delivery raises where it is asked for."""
    here = current()
    on = [channel for channel in CHANNELS if notification.is_on(here.settings, channel)]
    return {channel: pool.submit(notification.send, here, channel) for channel in on}


@pytest.fixture(scope="session", autouse=True)
def begin(request: pytest.FixtureRequest) -> None:
    """The burst is the first to be made. Were it `autouse` itself, every check would be one that asks the sample."""
    if stack.loaded_settings().has_sample:
        request.getfixturevalue("burst")


@pytest.fixture(scope="session")
def burst(pool: ThreadPoolExecutor, erp: Erp) -> Burst:
    before = erp.counter(RESPONSES, view=VERSION_VIEW)
    ids = [Ids.fresh("smoke") for _ in range(REQUESTS)]
    statuses = frozenset(answer.status_code for answer in pool.map(erp.version, ids))
    return Burst(frozenset(each.request for each in ids), statuses, before)


@pytest.fixture(scope="session")
def order(erp: Erp) -> Iterator[Order]:
    """An order; once it is shipped and invoiced it is removed, and its stock given back."""
    ids = Ids.fresh("smoke")
    before = erp.counter("erp_orders_total", outcome="placed")
    placed = Order(ids, erp.place_order(ids), before)
    yield placed
    if placed.answer.status_code == 201:
        inside.run("erp-web", REMOVE_ORDER, placed.number)


@pytest.fixture(scope="session")
def taken_order(order: Order) -> Order:
    return taken(order)


def taken(order: Order) -> Order:
    """For what follows from the order: without one that was taken it fails at once, and says why."""
    if order.answer.status_code != 201:
        pytest.fail("no order, see above: the ERP didn't take it, so nothing follows from it", pytrace=False)
    return order


@pytest.fixture(scope="session")
def planted_error(taken_order: Order, tracker: Tracker) -> Iterator[str]:
    """The request id of an error reported in the order's name; its issue is removed from the tracker."""
    request_id = taken_order.ids.request
    inside.run("erp-web", PLANTED_ERROR, request_id)
    yield request_id
    for issue in {event.issue for event in tracker.with_tag("request_id", request_id)}:
        tracker.delete_issue(issue)
    eventually(
        lambda: tracker.with_tag("request_id", request_id),
        "the planted error to be gone",
        20,
        until=lambda events: not events,
    )
