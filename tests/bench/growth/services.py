"""A Prometheus that asks so many services as often as ours does, each with as many series as a Django application's."""

import time
from pathlib import Path
from typing import Any

from tests.bench.growth.pages import served
from tests.bench.growth.program import running
from tests.support.prometheus import Prometheus
from tests.support.wait import eventually, stays

SERIES = 2000
"""Of one service: a web of the sample has about half as many, the limit of the package is 5,000."""
INTERVAL = 30
MEASURED = 4
VIEWS, STATUSES = 200, ("200", "302", "404", "500", "503")
CONSTANT, CHANGING = "constant", "changing"


def page() -> bytes:
    """What a service answers; its name and its counts are put in for each answer."""
    lines = [
        f'django_http_responses_total{{application="@name",env="production",service="@name-web",kind="{kind}",'
        f'view="orders:view-{view:03}",method="GET",status="{status}"}} {value}\n'
        for kind, value in ((CONSTANT, "17"), (CHANGING, "@count"))
        for view in range(VIEWS)
        for status in STATUSES
    ]
    assert len(lines) == SERIES
    return "".join(lines).encode()


PAGE = page()


def answered(name: str) -> bytes:
    """Half of what a service says changes from one answer to the next."""
    return PAGE.replace(b"@name", name.encode()).replace(b"@count", b"%d" % (time.time() * 7))


def configuration(number: int, port: int) -> str:
    jobs = "".join(
        f"  - {{job_name: service-{each}, metrics_path: /service-{each}, "
        f'static_configs: [{{targets: ["127.0.0.1:{port}"]}}]}}\n'
        for each in range(number)
    )
    own = '  - {job_name: itself, static_configs: [{targets: ["127.0.0.1:@port"]}]}\n'
    return f"global: {{scrape_interval: {INTERVAL}s}}\nscrape_configs:\n{own}{jobs}"


def measure(number: int, folder: Path) -> dict[str, Any]:
    """What a series and a sample cost with so many services, over MEASURED rounds after the first that has them all."""
    with served(answered) as port, running(folder, configuration(number, port)) as prometheus:
        wanted = number * SERIES
        eventually(
            lambda: prometheus.value("prometheus_tsdb_head_series"),
            f"{wanted} series",
            INTERVAL * 8,
            until=lambda found: found >= wanted,
            interval=2,
        )
        before = _spent(prometheus)
        stays(lambda: prometheus.value("vector(1)"), "it answers", INTERVAL * MEASURED + 5, interval=5)
        after = _spent(prometheus)
        samples, seconds = after[0] - before[0], after[1] - before[1]
        memory = prometheus.value("process_resident_memory_bytes")
        failed = prometheus.value("sum(up == bool 0)")
        return {
            "services": number,
            "series": wanted,
            "samples_per_second": round(samples / (after[2] - before[2])),
            "targets_down": int(failed),
            "memory_mib": round(memory / 1024**2),
            "memory_bytes_per_series": round(memory / wanted),
            "processor_cores": round(seconds / (after[2] - before[2]), 3),
            "processor_microseconds_per_sample": round(seconds / samples * 1e6, 2),
            "answer_seconds": round(_answered(prometheus), 3),
        }


def _spent(prometheus: Prometheus) -> tuple[float, float, float]:
    """Samples, seconds of processor time, and when that was scraped."""
    found = prometheus.query("prometheus_tsdb_head_samples_appended_total{type='float'}")
    seconds = prometheus.value("process_cpu_seconds_total")
    moment = prometheus.value("timestamp(process_cpu_seconds_total)")
    return sum(each.value for each in found), seconds, moment


def _answered(prometheus: Prometheus) -> float:
    """Seconds until a panel over one service is answered."""
    begun = time.monotonic()
    prometheus.query('sum by (status) (rate(django_http_responses_total{service="service-3-web"}[5m]))')
    return time.monotonic() - begun
