"""The stack says of itself that it is well: containers, targets, probes, rules, the alerting path."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ops.paths import ROOT
from tests.support import stack
from tests.support.alertmanager import Alertmanager
from tests.support.inbox import Inbox
from tests.support.pages import CHANNELS
from tests.support.prometheus import Prometheus
from tests.support.services import SERVICES
from tests.support.wait import eventually

SCRAPED = [name for name, service in SERVICES.items() if not service.not_scraped]


def rules_on_disk() -> int:
    files = sorted((ROOT / "prometheus" / "rules").glob("*.yml"))
    groups = [group for path in files for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]]
    return sum(len(group["rules"]) for group in groups)


@pytest.mark.parametrize("name", SERVICES)
def test_service_is_healthy(name: str) -> None:
    service = SERVICES[name]
    runs_here = name in stack.expected_services()
    assert runs_here or service.registry_only, f"{name} is not part of this composition"
    expected = "done" if service.one_shot else "healthy"
    if runs_here:
        eventually(lambda: stack.states()[name], f"{name} {expected}", 60, until=lambda state: state == expected)
    else:
        assert name not in stack.containers()


def test_no_container_ran_out_of_memory() -> None:
    killed = [name for name, each in stack.containers().items() if each["State"]["OOMKilled"]]
    assert killed == []


@pytest.mark.parametrize("name", SCRAPED)
def test_target_is_up(name: str, prometheus: Prometheus) -> None:
    def health() -> dict[str, str]:
        targets = [each for each in prometheus.targets() if each["labels"]["job"] == name]
        return {each["scrapeUrl"]: each["lastError"] or each["health"] for each in targets}

    if name in stack.expected_services():
        eventually(health, f"every target of {name} up", 40, until=lambda seen: set(seen.values()) == {"up"})
    else:
        assert health() == {}


def test_no_target_beyond_the_table_is_down(prometheus: Prometheus) -> None:
    def down() -> list[str]:
        return [f"{t['scrapeUrl']}: {t['lastError']}" for t in prometheus.targets() if t["health"] != "up"]

    eventually(down, "no target down", 40, until=lambda seen: not seen)


@pytest.mark.parametrize("name", ["erp-web", "erp-db", "erp-redis", "bugsink", "partner"])
def test_probe_succeeds(name: str, prometheus: Prometheus) -> None:
    query = f'min(probe_success{{service="{name}"}})'
    eventually(lambda: prometheus.value(query), f"{query} to be 1", 40, until=lambda value: value == 1)


def test_every_rule_is_evaluated_without_error(prometheus: Prometheus) -> None:
    def unwell() -> list[dict[str, Any]]:
        return [rule for rule in prometheus.rules() if rule["health"] != "ok"]

    eventually(unwell, "every rule's health ok", 60, until=lambda rules: not rules)


def test_every_rule_on_disk_is_loaded(prometheus: Prometheus) -> None:
    assert len(prometheus.rules()) == rules_on_disk() > 0


def test_alertmanager_knows_every_receiver() -> None:
    tests = {f"test-{channel}" for channel in CHANNELS}
    assert Alertmanager().receivers() == {"critical", "warning", "business", "heartbeat", "none", *tests}


def test_watchdog_reaches_the_heartbeat_receiver(inbox: Inbox) -> None:
    def beats() -> list[str]:
        return [each.text for each in inbox.notifications("heartbeat") if "Watchdog" in each.text]

    eventually(beats, "a heartbeat that carries the Watchdog alert", 100)
