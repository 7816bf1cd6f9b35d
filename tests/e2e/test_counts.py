"""Nothing is lost or counted twice on the way: N requests are N in Prometheus and N lines in Loki."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from tests.support import stack
from tests.support.boards import SCRAPE_SECONDS
from tests.support.erp import RESPONSES, VERSION_VIEW, Erp, Ids
from tests.support.loki import Loki
from tests.support.prometheus import Prometheus
from tests.support.wait import eventually, stays

REQUESTS = 120
AT_ONCE = 12


@dataclass(frozen=True)
class Burst:
    ids: frozenset[str]
    statuses: frozenset[int]
    before: float


@pytest.fixture(scope="module")
def burst(erp: Erp) -> Burst:
    before = erp.counter(RESPONSES, view=VERSION_VIEW)
    ids = [Ids.fresh("count") for _ in range(REQUESTS)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(erp.version, ids))
    statuses = frozenset(answer.status_code for answer in answers)
    return Burst(frozenset(each.request for each in ids), statuses, before)


def test_several_workers_serve() -> None:
    container = stack.containers()["erp-web"]["Id"]
    processes = stack.run("docker", "top", container, "-o", "pid,args").splitlines()
    workers = [line for line in processes if "gunicorn" in line][1:]  # the first is the one that starts them
    assert len(workers) == int(stack.setting("WEB_CONCURRENCY")) >= 4


def test_every_request_is_answered(burst: Burst) -> None:
    assert burst.statuses == {200}


def test_requests_are_exactly_counted_in_prometheus(burst: Burst, prometheus: Prometheus) -> None:
    query = f'sum({RESPONSES}{{job="erp-web",view="{VERSION_VIEW}"}})'
    expected = burst.before + REQUESTS

    def value() -> float:
        return prometheus.value(query)

    eventually(value, f"{query} to be {expected:g}", 40, until=lambda seen: seen >= expected)
    stays(value, f"{query} is {expected:g}", SCRAPE_SECONDS + 2, until=lambda seen: seen == expected)


def test_requests_are_exactly_as_many_lines_in_loki(burst: Burst, loki: Loki) -> None:
    query = '{service="erp-web"} |= "count-" | json | logger="access" | view="api-version"'

    def lines() -> list[str]:
        found = [entry.fields["request_id"] for entry in loki.entries(query, seconds=600, limit=5000)]
        return [request_id for request_id in found if request_id in burst.ids]

    eventually(lines, f"{REQUESTS} lines", 30, until=lambda seen: len(seen) >= REQUESTS)
    found = stays(lines, f"there are {REQUESTS} lines", 5, until=lambda seen: len(seen) == REQUESTS)
    assert set(found) == burst.ids
