"""Each target and probe that should be there is; the Watchdog alert arrives. That none is down: tests/smoke."""

from __future__ import annotations

import pytest

from tests.support import stack
from tests.support.inbox import Inbox
from tests.support.prometheus import Prometheus
from tests.support.services import SERVICES
from tests.support.wait import eventually

SCRAPED = [name for name, service in SERVICES.items() if not service.not_scraped]


@pytest.mark.parametrize("name", SCRAPED)
def test_target_is_up(name: str, prometheus: Prometheus) -> None:
    def health() -> dict[str, str]:
        targets = [each for each in prometheus.targets() if each["labels"]["job"] == name]
        return {each["scrapeUrl"]: each["lastError"] or each["health"] for each in targets}

    if name in stack.expected_services():
        eventually(health, f"every target of {name} up", 40, until=lambda seen: set(seen.values()) == {"up"})
    else:
        assert health() == {}


@pytest.mark.parametrize("name", ["erp-web", "erp-db", "erp-redis", "bugsink", "partner"])
def test_probe_succeeds(name: str, prometheus: Prometheus) -> None:
    query = f'min(probe_success{{service="{name}"}})'
    eventually(lambda: prometheus.value(query), f"{query} to be 1", 40, until=lambda value: value == 1)


def test_watchdog_reaches_the_heartbeat_receiver(inbox: Inbox) -> None:
    def beats() -> list[str]:
        return [each.text for each in inbox.notifications("heartbeat") if "Watchdog" in each.text]

    eventually(beats, "a heartbeat that carries the Watchdog alert", 100)
