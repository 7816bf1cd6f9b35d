"""A host that reaches nothing but the gateway's port is watched as the stack's own is, also after a cut of that way."""

import time
import uuid
from collections.abc import Iterator
from functools import partial

import pytest

from tests.support import lines, other_host, stack
from tests.support.other_host import APPLICATION, CENTRAL, GATEWAY, HOST, PORT, PROJECT, OtherHost
from tests.support.own_application import ENV, SERVICE
from tests.support.wait import eventually, stays

pytestmark = pytest.mark.timeout(900)
IDENTITY = {"application": APPLICATION, "env": ENV, "service": SERVICE, "host": HOST}
SELECTED = ",".join(f'{name}="{value}"' for name, value in IDENTITY.items())
OWN = f'application="monitoring",env="production",host="{HOST}"'
TOTAL = f"sum(django_http_responses_total_by_status_view_method_total{{{SELECTED}}})"
REQUESTS = 40
CUT_SECONDS = 40.0
LONG_CUT_SECONDS = 180.0
KILLED = ("prometheus-agent", "promtail")
TOLD_WITHIN = 300
LOST = 37


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OtherHost]:
    stack.ensure_up()
    folder = tmp_path_factory.mktemp("host")
    for each in (folder, folder.parent, folder.parent.parent):
        each.chmod(0o755)  # the programs in the containers are other users
    with other_host.running(folder) as started:
        yield started


def shown(host: OtherHost, marker: str) -> list[str]:
    """The messages of the application with the marker, in order; one that Loki has twice is there twice."""
    query = f'{{{SELECTED}}} |= "shown {marker}-"'
    found = host.central.loki.entries(query, seconds=900, limit=5000)
    return sorted(str(entry.fields["message"]) for entry in found)


def check_arrival(host: OtherHost, before: float, *markers: str) -> None:
    """Every line and every counted request of REQUESTS for each marker, and none twice."""
    for marker in markers:
        expected = sorted(f"shown {marker}-{number}" for number in range(REQUESTS))
        eventually(partial(shown, host, marker), "its lines", 90, until=lambda found: len(found) >= REQUESTS)
        assert shown(host, marker) == expected
    total, prometheus = before + REQUESTS * len(markers), host.central.prometheus
    eventually(lambda: prometheus.value(TOTAL), TOTAL, 60, until=lambda value: value >= total)
    assert stays(lambda: prometheus.value(TOTAL), TOTAL, 12, until=lambda value: value == total)


def outage(host: OtherHost, seconds: float, *killed: str) -> float:
    """Cut the way for so long, ask before, while and after it, and check what arrives; when it was joined again."""
    before, accounted = host.central.prometheus.value(TOTAL), account(host, "written_total", SELECTED)
    markers = [f"{uuid.uuid4().hex}-{part}" for part in ("before", "cut", "killed", "after")]
    host.application.ask(markers[0], REQUESTS)
    other_host.cut()
    begun = time.time()
    try:
        host.application.ask(markers[1], REQUESTS)
        eventually(lambda: time.time() - begun, "half of it", seconds, until=lambda passed: passed > seconds / 2)
        for service in killed:
            host.kill(service)
        host.application.ask(markers[2], REQUESTS)
        eventually(lambda: time.time() - begun, "its end", seconds + 30, until=lambda passed: passed > seconds)
    finally:
        other_host.join()
    joined = time.time()
    host.application.ask(markers[3], REQUESTS)
    check_arrival(host, before, *markers)
    # Each request has its own line and one of gunicorn's.
    check_account(host, accounted + 2 * REQUESTS * len(markers))
    return joined


def account(host: OtherHost, figure: str, of: str = f'host="{HOST}"') -> float:
    """A figure of the central side's keeper: lines, as far as judged."""
    return host.central.prometheus.value(f"sum(log_lines_{figure}{{{of}}})")


def check_account(host: OtherHost, written: float) -> None:
    """So many lines of the application are judged, the newest ones too, and none is missing or unknown."""
    behind, prometheus = f'log_account_behind_seconds{{host="{HOST}"}}', host.central.prometheus
    eventually(lambda: account(host, "written_total", SELECTED), "lines", TOLD_WITHIN, until=lambda n: n >= written)
    eventually(lambda: prometheus.value(behind), behind, TOLD_WITHIN, until=lambda seconds: 0 < seconds < 90)
    unread = f'sum(log_account_unread_total{{host="{HOST}",reason=~"window|started|rotated"}})'
    assert (account(host, "missing"), prometheus.value(unread)) == (0, 0)


def firing(host: OtherHost, alert: str) -> list[tuple[str, str]]:
    """The service and host of each that fires."""
    found = host.central.prometheus.query(f'ALERTS{{alertname="{alert}",alertstate="firing"}}')
    return [(each.labels["service"], each.labels.get("host", "")) for each in found]


def test_it_reaches_the_gateways_port_and_nothing_else(host: OtherHost) -> None:
    assert host.reaches(GATEWAY, PORT)
    others = [(GATEWAY, 9180), ("prometheus", 9090), ("loki", 3100), (stack.outside(), 22), ("1.1.1.1", 53)]
    assert [each for each in others if host.reaches(*each)] == []


def test_its_requests_and_lines_are_exactly_counted(host: OtherHost) -> None:
    before = host.central.prometheus.value(TOTAL)
    marker = uuid.uuid4().hex
    host.application.ask(marker, REQUESTS)
    check_arrival(host, before, marker)


@pytest.mark.parametrize("page", ["livez", "readyz"])
def test_its_health_pages_are_probed_from_there(page: str, host: OtherHost) -> None:
    probe = f'probe_success{{{SELECTED},probe="{page}"}} == 1'
    [found] = eventually(lambda: host.central.prometheus.query(probe), probe, 60)
    assert found.labels["instance"] == f"http://{SERVICE}:8000/{page}"


@pytest.mark.parametrize(
    "figure",
    [
        f"docker_container_mem_usage{{{SELECTED}}} > 0",
        f"sum(promtail_log_lines_total{{{SELECTED}}}) > 0",
        f'node_memory_MemAvailable_bytes{{{OWN},instance="{HOST}:9100"}} > 0',
        *(f'up{{{OWN},service="{name}"}} == 1' for name in ("prometheus-agent", "promtail", "telegraf", "blackbox")),
    ],
)
def test_its_containers_its_machine_and_its_programs_have_figures(figure: str, host: OtherHost) -> None:
    [_] = eventually(lambda: host.central.prometheus.query(figure), figure, 60)


def test_the_central_sides_own_figures_have_no_host(host: OtherHost) -> None:
    own = 'promtail_sent_entries_total{application="monitoring",host=""}'
    eventually(lambda: host.central.prometheus.query(own), own, 60)
    assert host.central.prometheus.label_values("host") == [HOST]


def test_make_applications_lists_it(host: OtherHost) -> None:
    def row() -> list[str]:
        [found] = [each.split() for each in host.central.applications().splitlines() if each.startswith(APPLICATION)]
        return found[:8]

    listed = [APPLICATION, ENV, "1", "of", "1", "2", "of", "2"]
    assert eventually(row, "make applications to list it", 60, until=lambda found: found == listed)


def test_a_cut_way_and_a_killed_agent_lose_no_line_and_no_request(host: OtherHost) -> None:
    outage(host, CUT_SECONDS, *KILLED)


@pytest.mark.thorough
def test_figures_of_a_cut_way_arrive_later_with_their_times(host: OtherHost) -> None:
    joined = outage(host, CUT_SECONDS)
    found = f'count_over_time(up{{{OWN},service="prometheus-agent"}}[{CUT_SECONDS:.0f}s] @ {joined:.0f})'
    wanted = int(CUT_SECONDS / 10) - 1
    assert eventually(lambda: host.central.prometheus.value(found), found, 30, until=lambda value: value >= wanted)


@pytest.mark.thorough
def test_a_host_that_is_cut_off_for_minutes_is_told_and_its_application_is_not(host: OtherHost) -> None:
    prometheus, begun = host.central.prometheus, time.time()
    outage(host, LONG_CUT_SECONDS, *KILLED)
    since = f"[{time.time() - begun:.0f}s]"
    told = f'count by (alertname) (last_over_time(ALERTS{{host="{HOST}",alertstate="firing"}}{since}))'
    assert {each.labels["alertname"] for each in prometheus.query(told)} == {"AgentGone"}
    told = told.replace(f'host="{HOST}"', f'application="{APPLICATION}"')
    assert {each.labels["alertname"] for each in prometheus.query(told)} <= {
        "ApplicationUnwatched",
        "HealthProbeMissing",
    }
    gone = f'ALERTS{{alertname="AgentGone",host="{HOST}"}}'
    eventually(lambda: prometheus.query(gone), f"no {gone}", 60, until=lambda found: not found)


@pytest.fixture
def quiet(host: OtherHost) -> Iterator[dict[str, str]]:
    """The id of a container of one application and service on either side, by the host; both are read already."""
    with (
        lines.writer("quiet", application=APPLICATION, stack=PROJECT) as there,
        lines.writer("quiet", application=APPLICATION, stack=CENTRAL) as here,
    ):
        for each in (there, here):
            lines.write(each, "begin", 1, 1)
        found = f'sum by (host) (count_over_time({{application="{APPLICATION}",service="quiet"}}[5m]))'
        eventually(lambda: host.central.loki.value(found), "a line of each", 60, until=lambda number: number == 2)
        eventually(lambda: host.has_noted(there), "how far it is read", 30)
        yield {HOST: there, "": here}


def test_lines_that_a_hosts_way_loses_are_told_with_number_service_and_host(
    host: OtherHost, quiet: dict[str, str]
) -> None:
    with host.unread(quiet[HOST]):
        lines.write(quiet[HOST], "lost", LOST, 1)
        lines.write(quiet[""], "here", 500, 1)
    lines.write(quiet[HOST], "later", 5, 1)
    there, here = (f'service="quiet",host="{name}"' for name in (HOST, ""))
    eventually(lambda: account(host, "written_total", there), "lines", TOLD_WITHIN, until=lambda n: n == 1 + LOST + 5)
    assert (account(host, "missing", there), account(host, "missing")) == (LOST, LOST)
    eventually(lambda: account(host, "written_total", here), "lines", TOLD_WITHIN, until=lambda n: n == 501)
    assert (account(host, "missing", here), account(host, "surplus", 'service="quiet"')) == (0, 0)
    told = [("quiet", HOST)]
    eventually(lambda: firing(host, "LogLinesLost"), "the alert", 60, until=lambda found: found == told)


def test_of_windows_that_the_host_could_not_tell_nothing_is_known_and_that_is_told(host: OtherHost) -> None:
    unread = f'sum(log_account_unread_total{{host="{HOST}",reason="window"}})'
    before = host.central.prometheus.value(unread)
    keeper = stack.run("docker", "inspect", "--format", "{{.Id}}", other_host.container("logkeeper")).strip()
    begun = time.time()
    with host.unread(keeper):
        eventually(time.time, "two windows", 60, until=lambda now: now > begun + 35)
    eventually(lambda: host.central.prometheus.value(unread), "windows", TOLD_WITHIN, until=lambda n: n >= before + 2)
    eventually(
        lambda: firing(host, "LogAccountIncomplete"), "the alert", 60, until=lambda found: ("logkeeper", HOST) in found
    )
