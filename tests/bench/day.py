"""Days of metrics and lines, in a Prometheus and a Loki of their own: the stack's last minutes, over and over."""

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import requests

from ops.commands import current
from ops.paths import ROOT
from tests.support import stack
from tests.support.loki import Loki
from tests.support.prometheus import Prometheus
from tests.support.wait import eventually

DAY = 24 * 3600
REPEATED = 600  # seconds of the stack's own past
BLOCK = 2 * 3600
PUSHED = 60  # seconds of lines in one push: under the 4 MB that Loki's parts tell each other at once
MOST_LINES = 5000  # loki.yml, max_entries_limit_per_query
GROWING = ("_total", "_bucket", "_count", "_sum")
WITHOUT_LIMITS = (
    "-distributor.ingestion-rate-limit-mb=1024",
    "-distributor.ingestion-burst-size-mb=1024",
    "-ingester.per-stream-rate-limit=1GB",
    "-ingester.per-stream-rate-limit-burst=1GB",
    "-validation.reject-old-samples=false",
)


@dataclass(frozen=True)
class Days:
    prometheus: Prometheus
    loki: Loki
    samples: int
    lines: int


@dataclass(frozen=True)
class Series:
    name: str
    samples: list[tuple[float, float]]
    grows_by: float
    """What a repetition adds: the growth of a counter, 0 for anything else."""


@contextmanager
def repeated(metrics: Iterable[str], folder: Path, days: int) -> Iterator[Days]:
    """So many days that end now; `folder` takes their samples as text, block by block."""
    end = time.time()
    with ExitStack() as cleaning:
        prometheus, samples = cleaning.enter_context(_prometheus(metrics, folder, end - days * DAY, end))
        loki, lines = cleaning.enter_context(_loki(end - days * DAY, end))
        yield Days(prometheus, loki, samples, lines)


@contextmanager
def _prometheus(metrics: Iterable[str], folder: Path, start: float, end: float) -> Iterator[tuple[Prometheus, int]]:
    recorded = [series for metric in sorted(metrics) for series in _series(metric)]
    (folder / "data").mkdir()
    for each in (folder, folder / "data"):
        each.chmod(0o777)
    service = current().model["services"]["prometheus"]
    common = ("--user", "65534:65534", "--memory", service["mem_limit"], "--volume", f"{folder}:/day")
    written = 0
    for begin in range(int(start) // BLOCK * BLOCK, int(end), BLOCK):
        with (folder / "series.om").open("w", encoding="utf-8") as text:
            written += _write(text, recorded, begin, start, end)
        make = ("tsdb", "create-blocks-from", "openmetrics", "/day/series.om", "/day/data")
        stack.run("docker", "run", "--rm", *common, "--entrypoint", "promtool", service["image"], *make, timeout=300)
    (folder / "prometheus.yml").write_text("{}", encoding="utf-8")
    options = ("--config.file=/day/prometheus.yml", "--storage.tsdb.path=/day/data")
    with _container("day-prometheus", 9090, *common, service["image"], *options) as base:
        prometheus = Prometheus(base)
        eventually(lambda: prometheus.query("1"), "the days' Prometheus to answer", 120)
        yield prometheus, written


def _series(metric: str) -> list[Series]:
    found = Prometheus().get("query", query=f"{metric}[{REPEATED}s]")["result"]
    return [_as_series(metric, row["metric"], row["values"]) for row in found]


def _as_series(metric: str, labels: dict[str, str], values: list[tuple[float, str]]) -> Series:
    pairs = ",".join(
        f"{name}={json.dumps(value, ensure_ascii=False)}" for name, value in labels.items() if name != "__name__"
    )
    samples = [(float(moment), float(value)) for moment, value in values]
    growth = max(0.0, samples[-1][1] - samples[0][1]) if metric.endswith(GROWING) else 0.0
    return Series(f"{metric}{{{pairs}}}", samples, growth)


def _write(text: TextIO, recorded: list[Series], begin: int, start: float, end: float) -> int:
    """The samples from `begin` until a block later as OpenMetrics; their number."""
    written = 0
    first, last = int((end - begin) // REPEATED) + 1, max(0, int((end - begin - BLOCK) // REPEATED))
    for series in recorded:
        for back in range(first, last - 1, -1):
            shift, grown = back * REPEATED, ((end - start) // REPEATED + 1 - back) * series.grows_by
            for moment, value in series.samples:
                if begin <= moment - shift < begin + BLOCK:
                    text.write(f"{series.name} {value + grown} {moment - shift:.3f}\n")
                    written += 1
    text.write("# EOF\n")
    return written


@contextmanager
def _loki(start: float, end: float) -> Iterator[tuple[Loki, int]]:
    lines = list(_lines(end))
    service = current().model["services"]["loki"]
    configuration = f"--volume={ROOT / 'loki' / 'loki.yml'}:/etc/loki/loki.yml:ro"
    common = ("--user=10001:10001", f"--memory={service['mem_limit']}", configuration, service["image"])
    with _container("day-loki", 3100, *common, "-config.file=/etc/loki/loki.yml", *WITHOUT_LIMITS) as base:
        loki = Loki(base)
        eventually(lambda: requests.get(f"{base}/ready", timeout=5).ok, "the days' Loki to be ready", 120)
        pushed = 0
        for back in range(int(end - start) // REPEATED - 1, -1, -1):
            for begin in range(0, REPEATED, PUSHED):
                streams = _streams(lines, end - REPEATED + begin, back * REPEATED)
                answer = requests.post(f"{base}/loki/api/v1/push", json={"streams": streams}, timeout=60)
                assert answer.ok, f"Loki refused lines: {answer.status_code} {answer.text}"
                pushed += sum(len(each["values"]) for each in streams)
            if back % 12 == 0:
                requests.post(f"{base}/flush", timeout=120).raise_for_status()
        _wait_for(loki, pushed, start, end)
        yield loki, pushed


def _lines(end: float) -> Iterator[tuple[dict[str, str], list[Any]]]:
    """Every line of the stack's last minutes with its stream's labels, oldest first."""
    begin = int((end - REPEATED) * 1e9)
    while True:
        window = {"start": begin, "end": int(end * 1e9), "limit": MOST_LINES, "direction": "forward"}
        data = Loki().get("query_range", query='{service=~".+"}', **window)
        rows = sorted(
            ((stream["stream"], row) for stream in data["result"] for row in stream["values"]),
            key=lambda found: int(found[1][0]),
        )
        yield from rows
        if len(rows) < MOST_LINES:
            return
        begin = int(rows[-1][1][0]) + 1


def _streams(lines: list[tuple[dict[str, str], list[Any]]], begin: float, shift: float) -> list[dict[str, Any]]:
    """The lines of PUSHED seconds, `shift` seconds earlier, as Loki's push API takes them."""
    found: dict[str, dict[str, Any]] = {}
    for labels, row in lines:
        if begin <= int(row[0]) / 1e9 < begin + PUSHED:
            stream = found.setdefault(json.dumps(labels), {"stream": labels, "values": []})
            metadata = row[2].get("structuredMetadata", {}) if len(row) > 2 else {}
            stream["values"].append([str(int(row[0]) - int(shift * 1e9)), row[1], metadata])
    return list(found.values())


def _wait_for(loki: Loki, lines: int, start: float, end: float) -> None:
    """Asked day by day: of more than that Loki doesn't count all lines in one query's time."""
    moments = [end - back * DAY for back in range(int(end - start) // DAY)]
    count = f'sum(count_over_time({{service=~".+"}}[{DAY}s]))'

    def found() -> int:
        answers = [loki.get("query", query=count, time=str(int(moment * 1e9)))["result"] for moment in moments]
        return sum(int(row["value"][1]) for rows in answers for row in rows)

    eventually(found, f"{lines} lines of {len(moments)} days", 600, until=lines.__eq__, interval=5)


@contextmanager
def _container(name: str, port: int, *arguments: str) -> Iterator[str]:
    """A container with a published port; its address. Gone afterwards."""
    full = f"{stack.setting('PROJECT')}-{name}"
    stack.run("docker", "run", "--detach", "--name", full, "--publish", f"127.0.0.1::{port}", *arguments)
    try:
        yield f"http://{stack.run('docker', 'port', full, str(port)).strip()}"
    finally:
        stack.run("docker", "rm", "--force", "--volumes", full)
