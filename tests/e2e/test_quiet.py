"""On a stack that is well nobody is told anything, and no alert fires but the Watchdog, which arrives."""

import time
from datetime import datetime

import pytest

from ops import faults
from ops.commands import current
from tests.support import stack
from tests.support.inbox import Inbox
from tests.support.load import Load
from tests.support.pages import CHANNELS, Pages
from tests.support.prometheus import Prometheus
from tests.support.wait import eventually

LEAST_SECONDS = 120
pytestmark = pytest.mark.timeout(LEAST_SECONDS + 60)
FIRING = 'ALERTS{alertstate="firing",alertname!="Watchdog"}'
FIRING_OR_PENDING = 'ALERTS{alertname!="Watchdog"}'
OF_THE_TESTS = {"LogTracebackNew"}  # tests/e2e/test_error_tracking.py raises exceptions on purpose
# True of a machine that is busy with something else; the least share of it that has to be in use then.
OF_THE_MACHINE = {"HostCpuSaturated": 0.7, "HostMemoryLow": 0.7}


def names(prometheus: Prometheus, expression: str) -> set[str]:
    return {sample.labels["alertname"] for sample in prometheus.query(f"group by (alertname) ({expression})")}


@pytest.fixture(scope="module")
def well_since(healthy_since: float) -> float:
    """Unix seconds, at least LEAST_SECONDS ago: enough for an alert's `for`, its group and its way to a channel.

    The tests before this one, which break nothing, fill most of that time.
    """
    eventually(
        lambda: time.time() - healthy_since,
        f"{LEAST_SECONDS} s on a stack that is well",
        LEAST_SECONDS + 10,
        until=lambda seconds: seconds >= LEAST_SECONDS,
    )
    return healthy_since


@pytest.fixture(scope="module")
def left(prometheus: Prometheus, healthy_since: float, report: list[str]) -> set[str]:
    """What fired or was pending when the tests began, where faults had been injected before; elsewhere nothing may."""
    volume = f"{stack.setting('PROJECT')}_prometheus-data"
    made = stack.run("docker", "volume", "inspect", "--format", "{{.CreatedAt}}", volume)
    if faults.last_change(current()) < datetime.fromisoformat(made.strip()).timestamp():
        return set()
    found = names(prometheus, f"{FIRING_OR_PENDING} @ {healthy_since:.3f}")
    if found:
        report.append(f"Set aside, for earlier faults had begun them before the tests: {', '.join(sorted(found))}.")
    return found


@pytest.fixture(scope="module")
def fired(prometheus: Prometheus, well_since: float, report: list[str]) -> set[str]:
    """The alerts that fired at any time since then."""
    seconds = int(time.time() - well_since)
    report.append(f"For {seconds} s on a stack that is well no alert was to fire but the Watchdog.")
    return names(prometheus, f"count_over_time({FIRING}[{seconds}s])")


def test_only_the_watchdog_fires(fired: set[str], left: set[str]) -> None:
    assert fired - left - OF_THE_TESTS - set(OF_THE_MACHINE) == set()


def test_an_alert_of_the_machine_fires_only_where_the_machine_is_busy(fired: set[str], load: Load) -> None:
    in_use = {"HostCpuSaturated": load.processor, "HostMemoryLow": load.memory}
    untrue = {name: in_use[name] for name in fired & set(OF_THE_MACHINE) if in_use[name] < OF_THE_MACHINE[name]}
    assert untrue == {}, load.sentence


def test_nobody_is_told_anything(pages: Pages, well_since: float, left: set[str]) -> None:
    """But of the machine, and of what began before."""
    told = [page for channel in CHANNELS for page in pages.received(channel, since=well_since)]
    assert [
        page for page in told if page.alert not in left | OF_THE_TESTS | set(OF_THE_MACHINE) and not page.is_resolution
    ] == []


def test_watchdog_reaches_the_heartbeat_receiver(inbox: Inbox) -> None:
    def beats() -> list[str]:
        return [each.text for each in inbox.notifications("heartbeat") if "Watchdog" in each.text]

    eventually(beats, "a heartbeat that carries the Watchdog alert", 100)


def test_a_container_that_starts_adds_no_device_to_the_host(prometheus: Prometheus) -> None:
    """Its forty series, of a device with another name at each start, would be SeriesChurn where many start."""
    assert prometheus.query('node_network_up{device="lo"}'), "not even the loopback device"
    assert prometheus.query('count by (device) ({job="node",device=~"veth.+|br-.+|docker.+"})') == []
