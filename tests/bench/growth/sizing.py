"""`python -m tests.bench.growth.sizing`: writes docs/operations/sizing.md from what the benches have measured."""

import json
from pathlib import Path
from typing import Any

import yaml

from ops.paths import ROOT
from ops.settings import defaults
from tests.bench.growth import days, fits
from tests.bench.growth.services import INTERVAL, SERIES
from tests.bench.stack import RESULTS

PAGE = ROOT / "docs" / "operations" / "sizing.md"
TEMPLATE = Path(__file__).with_suffix(".md")
SERVICES = (10, 100, 1000)
LOGS_TB = (10, 100)
CONFIG = yaml.safe_load((ROOT / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))["global"]
SCRAPE_SECONDS = int(CONFIG["scrape_interval"].removesuffix("s"))
METRICS_DAYS, LOGS_DAYS = (int(defaults()[f"{kind}_RETENTION"].removesuffix("d")) for kind in ("METRICS", "LOGS"))
METRICS_GB = int(defaults()["METRICS_RETENTION_SIZE"].removesuffix("GB"))
DAY = 24 * 3600
MILLION = 1_000_000
GIB, TB = 1024**3, 1e12
SPARE = 2
"""Memory beside the series' own: queries, and the next block while the one before is written."""
STREAMS = 6
"""Of a service: its levels, and the two outputs of its process."""


def text(growth: dict[str, Any], lines: dict[str, Any]) -> str:
    """The page; `growth` and `lines` are the figures of the two benches."""
    grown, last = growth["services"], growth["services"][-1]
    cost = _of_lines(lines)
    loki = yaml.safe_load((ROOT / "loki" / "loki.yml").read_text(encoding="utf-8"))["limits_config"]
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]["prometheus"]
    rules = sorted((ROOT / "prometheus" / "rules").rglob("*.yml"))
    memory, micros = last["memory_bytes_per_series"], last["processor_microseconds_per_sample"]
    sample_bytes, line_bytes = growth["days"]["bytes_per_sample"], lines["line_bytes"]
    mebibytes = int(str(compose["mem_limit"]).removesuffix("m"))
    return TEMPLATE.read_text(encoding="utf-8").format(
        machine=growth["machine"]["processor"],
        cores=growth["machine"]["cores"],
        taken=growth["machine"]["taken"],
        most=last["services"],
        series=SERIES,
        memory=memory,
        processor=micros,
        sample_bytes=sample_bytes,
        line_bytes=line_bytes,
        promtail=cost["promtail"],
        loki=cost["loki"],
        engine=round(cost["engine"] + cost["socket-proxy"], 1),
        grown="\n".join(_grown(each) for each in grown),
        interval=INTERVAL,
        memory_power=growth["fits"]["memory_bytes_per_series"]["power"],
        processor_power=growth["fits"]["processor_microseconds_per_sample"]["power"],
        bends=_bends(growth["fits"]),
        answers="\n".join(
            f"| {each['days']} | {each['step_seconds']} | {each['answer_seconds']} |"
            for each in growth["days"]["spans"]
        ),
        day_series=growth["days"]["series"],
        day_interval=days.INTERVAL,
        scrape=SCRAPE_SECONDS,
        metrics_days=METRICS_DAYS,
        metrics="\n".join(_metrics(number, memory, micros, sample_bytes) for number in SERVICES),
        spare=SPARE,
        day=DAY,
        logs_days=LOGS_DAYS,
        logs="\n".join(_logs(size, line_bytes, cost) for size in LOGS_TB),
        most_lines=max(run["written_per_second"] for run in lines["runs"] if not run["lost"]),
        target_limit=CONFIG["target_limit"],
        sample_limit=CONFIG["sample_limit"],
        memory_limit=compose["mem_limit"],
        enough_series=round(mebibytes * 1024**2 / memory / SPARE),
        streams=loki["max_global_streams_per_user"],
        enough_streams=loki["max_global_streams_per_user"] // STREAMS,
        streams_each=STREAMS,
        rate=loki["ingestion_rate_mb"],
        rate_lines=round(loki["ingestion_rate_mb"] * MILLION / line_bytes),
        metrics_gb=METRICS_GB,
        enough_days=round(METRICS_GB * 10**9 / (SERVICES[0] * SERIES / SCRAPE_SECONDS * DAY * sample_bytes)),
        groups=sum(len(yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]) for path in rules),
    )


def _of_lines(lines: dict[str, Any]) -> dict[str, float]:
    """Seconds of processor time for a million lines, by program: of the run that wrote the most lines."""
    longest = max(lines["runs"], key=lambda run: run["written"])
    found: dict[str, float] = longest["processor_seconds_per_million"]
    return found


def _grown(each: dict[str, Any]) -> str:
    return (
        f"| {each['services']:,} | {each['series']:,} | {each['samples_per_second']:,} | {each['memory_mib']:,} "
        f"| {each['memory_bytes_per_series']:,} | {each['processor_cores']} "
        f"| {each['processor_microseconds_per_sample']} | {each['answer_seconds']} |"
    )


def _bends(found: dict[str, dict[str, Any]]) -> str:
    bent = {name: fit["bends_at"] for name, fit in found.items() if fit["bends_at"]}
    if not bent:
        return "No unit costs a quarter more than where it is cheapest, up to the last row."
    return " ".join(
        f"{fits.PER_UNIT[name]} costs a quarter more from {number:,} services on." for name, number in bent.items()
    )


def _metrics(services: int, memory: int, micros: float, sample_bytes: float) -> str:
    series = services * SERIES
    rate = series / SCRAPE_SECONDS
    wanted = series * memory * SPARE / GIB
    disk = rate * DAY * METRICS_DAYS * sample_bytes / GIB
    place = "one machine" if services <= min(SERVICES) else "`SCALE=on`" if services < max(SERVICES) else "a cluster"
    cores = rate * micros / MILLION
    return f"| {services:,} | {series:,} | {rate:,.0f} | {wanted:.1f} GiB | {cores:.2f} | {disk:,.0f} GiB | {place} |"


def _logs(size: int, line_bytes: int, cost: dict[str, float]) -> str:
    rate = size * TB / (LOGS_DAYS * DAY) / line_bytes
    promtail, loki = rate * cost["promtail"] / MILLION, rate * cost["loki"] / MILLION
    place = "agents on several hosts, `SCALE=on`" if size <= min(LOGS_TB) else "a cluster"
    return (
        f"| {size} TB | {rate:,.0f} | {rate * line_bytes / MILLION:.1f} | {promtail:.1f} cores | {loki:.1f} cores "
        f"| {3 * loki:.1f} cores | {place} |"
    )


def write() -> None:
    found = [json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8")) for name in ("growth", "lines")]
    PAGE.write_text(text(*found), encoding="utf-8")


if __name__ == "__main__":
    write()
