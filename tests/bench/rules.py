"""`make bench BENCH=rules`: how long our rules take for so many applications like the sample.

Needs the running sandbox: its Prometheus says every series of the sample, and each application has those, with counts
that grow. Every number of applications has a Prometheus of its own, with our rules; all run side by side. Takes 14
minutes.
"""

import functools
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import requests
import yaml

from ops.console import say, step
from ops.paths import ROOT
from tests.bench.growth import sizing
from tests.bench.growth.pages import served
from tests.bench.growth.program import prepared, running
from tests.bench.stack import record
from tests.support import stack
from tests.support.prometheus import Prometheus
from tests.support.wait import eventually, lasts

APPLICATIONS = (1, 2, 4, 8, 16, 32, 64)
FILLED_SECONDS, MEASURED_SECONDS = 11 * 60, 120
"""Until the windows of ten minutes are full; those of hours read few values here."""
SAMPLE_LINE = re.compile(r"^(\w+)(\{.*\}) (\S+) \d+$")
GROWS = re.compile(r".*_(total|count|sum|bucket)")
CONFIG = yaml.safe_load((ROOT / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))


class Application:
    """The sample's series at this moment, under any name."""

    def __init__(self) -> None:
        address = f"{stack.url('prometheus')}/federate"
        answer = requests.get(address, params={"match[]": '{application="erp",__name__!~".*:.*"}'}, timeout=60)
        answer.raise_for_status()
        self.read = time.time()
        lines = (SAMPLE_LINE.match(line) for line in answer.text.splitlines())
        own, any_ = 'application="erp"', 'application="@name"'
        self.samples = [(each[1], f"{each[1]}{each[2].replace(own, any_)} ", float(each[3])) for each in lines if each]

    def page(self, name: str) -> bytes:
        return self._page(int(time.time())).replace(b"@name", name.encode())

    @functools.lru_cache(maxsize=1)  # noqa: B019 - one application per run
    def _page(self, second: int) -> bytes:
        """Counts have grown by the same share of themselves, moments are as long ago as they were."""
        since = second - self.read
        return "".join(f"{series}{_moved(name, value, since)}\n" for name, series, value in self.samples).encode()


def _moved(name: str, value: float, seconds: float) -> float:
    if name.endswith("_timestamp_seconds"):
        return value + seconds
    return value * (1 + seconds / 3600) if GROWS.fullmatch(name) else value


def configuration(number: int, port: int) -> str:
    """As many applications as `number`, asked and judged as often as ours."""
    own = {"application": "monitoring", "service": "prometheus"}
    itself = {"job_name": "itself", "static_configs": [{"targets": ["127.0.0.1:@port"], "labels": own}]}
    jobs = [
        {
            "job_name": f"application-{each}",
            "metrics_path": f"/application-{each}",
            "honor_labels": True,
            "static_configs": [{"targets": [f"127.0.0.1:{port}"]}],
        }
        for each in range(number)
    ]
    times = {name: CONFIG["global"][name] for name in ("scrape_interval", "evaluation_interval")}
    text = {"global": times, "rule_files": CONFIG["rule_files"], "scrape_configs": [itself, *jobs]}
    return yaml.safe_dump(text)


def measure(number: int, series: int, prometheus: Prometheus) -> dict[str, Any]:
    """Of the last MEASURED_SECONDS: what a round of all rules takes, and the group that takes most of its interval."""
    window = f"[{MEASURED_SECONDS}s]"
    took = f"avg_over_time(prometheus_rule_group_last_duration_seconds{window})"
    shares = prometheus.query(f"topk(1, {took} / prometheus_rule_group_interval_seconds)")
    rules = sum(len(group["rules"]) for group in prometheus.get("rules")["groups"])
    return {
        "applications": number,
        "series": number * series,
        "rules": rules,
        "round_seconds": round(prometheus.value(f"sum({took})"), 3),
        "cores": round(prometheus.value(f"sum({took} / prometheus_rule_group_interval_seconds)"), 4),
        "slowest_group": shares[0].labels["rule_group"].rpartition(";")[2],
        "slowest_share": round(shares[0].value, 4),
        "missed": int(prometheus.value(f"sum(increase(prometheus_rule_group_iterations_missed_total{window}))")),
        "failed": int(prometheus.value(f"sum(increase(prometheus_rule_evaluation_failures_total{window}))")),
        "firing": len([each for each in prometheus.alerts() if each["state"] == "firing"]),
    }


def measure_all(numbers: Sequence[int], folder: Path) -> dict[str, Any]:
    application = Application()
    series = len(application.samples)
    with ExitStack() as ending:
        port = ending.enter_context(served(application.page))
        found = {}
        for number in numbers:
            place = prepared(folder / f"applications-{number}")
            shutil.copytree(ROOT / "prometheus" / "rules", place / "rules")
            found[number] = ending.enter_context(running(place, configuration(number, port)))
        for number, prometheus in found.items():
            _wait_for(number, prometheus)
        with step(f"{series} series an application, for {', '.join(map(str, numbers))} applications"):
            lasts(FILLED_SECONDS + MEASURED_SECONDS, "windows fill and rules are measured")
        rows = [measure(number, series, prometheus) for number, prometheus in found.items()]
    return {"series_each": series, "rules": rows}


def _wait_for(number: int, prometheus: Prometheus) -> None:
    eventually(
        lambda: prometheus.value('count(up{job=~"application-.*"} == 1)'),
        f"{number} applications up",
        120,
        until=lambda up: up == number,
    )


def main() -> int:
    stack.ensure_up()
    with tempfile.TemporaryDirectory(prefix="rules-") as name:
        found = measure_all(APPLICATIONS, Path(name))
    for row in found["rules"]:
        say(f"    {row}")
    record("rules", found)
    sizing.write()
    return 1 if any(row["missed"] or row["failed"] for row in found["rules"]) else 0


if __name__ == "__main__":
    sys.exit(main())
