"""What a unit costs, as the benches have measured it, and how many of them so many services or lines are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from ops.paths import ROOT
from ops.settings import defaults
from tests.bench.growth.services import SERIES

SERVICES = (10, 100, 1000)
LOGS_TB = (10, 100)
DAY = 24 * 3600
MILLION = 1_000_000
MIB, GIB, TB = 1024**2, 1024**3, 1e12
SPARE = 2
"""Memory beside the series' own: queries, and the next block while the one before is written."""


def configuration(file: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / file).read_text(encoding="utf-8"))
    return found


PROMETHEUS = configuration("prometheus/prometheus.yml")["global"]
LOKI = configuration("loki/loki.yml")["limits_config"]
SCRAPE_SECONDS = int(PROMETHEUS["scrape_interval"].removesuffix("s"))
METRICS_DAYS, LOGS_DAYS = (int(defaults()[f"{kind}_RETENTION"].removesuffix("d")) for kind in ("METRICS", "LOGS"))
METRICS_SIZE = int(defaults()["METRICS_RETENTION_SIZE"].removesuffix("GB")) * GIB
"""Prometheus' GB are powers of 2, and so are Loki's MB."""


@dataclass(frozen=True)
class Units:
    """Bytes and microseconds of processor time of one series, sample or line; `stored`: bytes for each of a line."""

    memory: int
    sample: float
    sample_bytes: float
    line_bytes: int
    promtail: float
    loki: float
    engine: float
    most_lines: int
    stored: float | None

    @staticmethod
    def of(growth: dict[str, Any], lines: dict[str, Any], stored: dict[str, Any]) -> Units:
        last = growth["services"][-1]
        # A second for a million lines is a microsecond for each; of the run that wrote the most lines.
        cost = max(lines["runs"], key=lambda run: run["written"])["processor_seconds_per_million"]
        return Units(
            memory=last["memory_bytes_per_series"],
            sample=last["processor_microseconds_per_sample"],
            sample_bytes=growth["days"]["bytes_per_sample"],
            line_bytes=lines["line_bytes"],
            promtail=cost["promtail"],
            loki=cost["loki"],
            engine=round(cost["engine"] + cost["socket-proxy"], 1),
            most_lines=max(run["written_per_second"] for run in lines["runs"] if not run["lost"]),
            stored=stored.get("bytes_stored_for_each"),
        )

    def memory_of(self, services: int) -> float:
        return services * SERIES * self.memory * SPARE

    def cores_of(self, services: int) -> float:
        return samples(services) * self.sample / MILLION

    def disk_of(self, services: int, days: float) -> float:
        return samples(services) * DAY * days * self.sample_bytes

    def lines(self, size: int) -> float:
        """Lines a second, of which so many TB are written in the days that they are kept."""
        return size * TB / (LOGS_DAYS * DAY) / self.line_bytes


def samples(services: int) -> float:
    """Samples a second."""
    return services * SERIES / SCRAPE_SECONDS
