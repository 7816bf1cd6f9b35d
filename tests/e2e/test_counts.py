"""Nothing is lost or counted twice on the way: the requests of `make smoke` are exactly counted, and stay so."""

from functools import partial

from tests.smoke.conftest import COUNTED, REQUESTS, Burst, burst, pool  # noqa: F401 - two fixtures among them
from tests.support import stack
from tests.support.boards import SCRAPE_SECONDS
from tests.support.loki import Loki
from tests.support.prometheus import Prometheus
from tests.support.wait import eventually, stays


def test_several_workers_serve() -> None:
    container = stack.containers()["erp-web"]["Id"]
    processes = stack.run("docker", "top", container, "-o", "pid,args").splitlines()
    workers = [line for line in processes if "gunicorn" in line][1:]  # the first is the one that starts them
    assert len(workers) == int(stack.setting("WEB_CONCURRENCY")) >= 4


def test_requests_are_exactly_counted_in_prometheus(burst: Burst, prometheus: Prometheus) -> None:  # noqa: F811
    expected = burst.counted_after
    counted = partial(prometheus.value, COUNTED)
    eventually(counted, f"{COUNTED} to be {expected:g}", 40, until=lambda seen: seen >= expected)
    stays(counted, f"{COUNTED} is {expected:g}", SCRAPE_SECONDS + 2, until=lambda seen: seen == expected)


def test_requests_are_exactly_as_many_lines_in_loki(burst: Burst, loki: Loki) -> None:  # noqa: F811
    lines = partial(burst.lines, loki)
    eventually(lines, f"{REQUESTS} lines", 30, until=lambda seen: len(seen) >= REQUESTS)
    found = stays(lines, f"there are {REQUESTS} lines", 5, until=lambda seen: len(seen) == REQUESTS)
    assert set(found) == burst.ids
