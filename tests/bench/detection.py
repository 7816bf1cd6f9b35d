"""`make bench BENCH=detection`: how soon hard faults are told, beside the same faults under usual timings.

A second Prometheus and Alertmanager with scrape 15s, evaluation 15s, `for` 30s and group_wait 30s watch the same
targets. Needs the running sandbox.
"""

import argparse
import math
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import Any

import yaml

from ops import faults
from ops.commands import current
from ops.console import say
from ops.paths import ROOT
from prometheus.rule_files import groups
from tests.bench.stack import record
from tests.drills.model import Model
from tests.drills.table import Drill
from tests.support import stack
from tests.support.inbox import Inbox
from tests.support.pages import Pages
from tests.support.prometheus import Prometheus
from tests.support.wait import NotSeenError, eventually, lasts

# PostgresDown would hold HealthProbeFailing back.
SIDE_BY_SIDE = (
    (
        Drill("InstanceDown", "critical", "erp-beat-stopped", 1, says="erp-beat", probed=True),
        Drill("PostgresDown", "critical", "erp-db-stopped", 1, probed=True),
    ),
    (
        Drill("RedisDown", "critical", "erp-redis-stopped", 1, probed=True),
        Drill("HealthProbeFailing", "critical", "erp-redis-stopped", 1, says="erp-web", probed=True),
    ),
)
DRILLS = tuple(drill for drills in SIDE_BY_SIDE for drill in drills)
USUAL = {"interval": "15s", "for": "30s", "group_wait": "30s"}
P95_LIMIT = 30.0  # seconds
MEDIAN_LIMIT = 0.4  # times the usual configuration's
SAMPLES_LIMIT = 0.15
FAULTS = 12  # of each service
MINUTES = 60  # after which no other fault begins
PATIENCE = 300
# Starts of both pairs. Prometheus spreads its scrapes by its own host name, but not its evaluations: one start has one
# distance between the two, which moves every fault of a class by up to an interval.
ROUNDS = 2
STAGGER = 15.0  # seconds: faults fall anywhere between two scrapes


@dataclass(frozen=True)
class Fault:
    ours: float
    usual: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=FAULTS, help="of each service")
    number: int = parser.parse_args().faults
    stack.ensure_up()
    found = watch_all(number, time.monotonic() + MINUTES * 60)
    rows = [summary(drill, each) for drill, each in found.items()]
    seconds = {drill.alert: [asdict(each) for each in faults_] for drill, faults_ in found.items()}
    more = samples_more()
    say(f"Samples more than if nothing were scraped more often than each 10 s: {more:.1%}")
    record("detection", {"usual": USUAL, "classes": rows, "samples_more": round(more, 4), "seconds": seconds})
    return 0 if all(row["met"] for row in rows) and more <= SAMPLES_LIMIT else 1


def samples_more() -> float:
    """What scrapes more often than each 10 s add, as a share; a scrape has five samples of its own."""
    scraped = "scrape_samples_post_metric_relabeling[5m]"
    brought = f"(sum_over_time({scraped}) + 5 * count_over_time({scraped}))"
    slower = f"({brought} / clamp_min(count_over_time({scraped}) / 30, 1))"
    return Prometheus().value(f"sum({brought}) / sum({slower}) - 1")


def watch_all(number: int, until: float) -> dict[Drill, list[Fault]]:
    """The faults of each service are shared out over the rounds."""
    found: dict[Drill, list[Fault]] = {drill: [] for drill in DRILLS}
    for round_ in range(1, ROUNDS + 1):
        if time.monotonic() >= until:
            break
        share = math.ceil(number * round_ / ROUNDS)
        with fresh_pairs():
            for drills in SIDE_BY_SIDE:
                by_fault = [
                    {drill: found[drill] for drill in drills if drill.fault == fault}
                    for fault in dict.fromkeys(drill.fault for drill in drills)
                ]
                with ThreadPoolExecutor(len(by_fault)) as services:
                    list(services.map(watch, by_fault, repeat(share), repeat(until)))
    return found


@contextmanager
def fresh_pairs() -> Iterator[None]:
    """Ours under a new host name and the usual one, both past their start."""
    stack.compose("up", "--detach", "--no-deps", "--force-recreate", "--wait", "prometheus", timeout=120)
    with usual_pair():
        Prometheus().wait_until_it_judges()
        yield


def watch(found: dict[Drill, list[Fault]], number: int, until: float) -> None:
    """Fill `found`, of one fault, up to `number`; each waits until both pairs told the end of the one before."""
    (first, *_) = found.values()
    while len(first) < number and time.monotonic() < until:
        place = len(first) + 1
        for drill, each in _one(list(found)).items():
            say(f"{drill.alert}, fault {place}: {each.ours:.0f} s, usual {each.usual:.0f} s")
            found[drill].append(each)


def _one(drills: list[Drill]) -> dict[Drill, Fault]:
    pause = random.uniform(0, STAGGER)  # noqa: S311 - no secret
    lasts(pause, "the phase to be any")
    begun, fault = time.time(), drills[0].fault
    faults.inject(current(), fault)
    try:
        at = _stopped_at(fault.removesuffix("-stopped"))
        ours = [_seen(partial(_ours, each, begun, resolution=False), f"{each.alert}, ours") for each in drills]
        usual = [_seen(partial(_usual, each, begun, "firing"), f"{each.alert}, usual") for each in drills]
    finally:
        faults.mend(current(), fault)
    for each in drills:
        _seen(partial(_ours, each, begun, resolution=True), f"the end of {each.alert}, ours")
        _seen(partial(_usual, each, begun, "resolved"), f"the end of {each.alert}, usual")
    seconds = zip(drills, ours, usual, strict=True)
    return {each: Fault(round(mine - at, 1), round(theirs - at, 1)) for each, mine, theirs in seconds}


def _seen(look: Callable[[], float], what: str) -> float:
    """When it came; what did not come weighs as what was waited for it, and the other faults go on."""
    try:
        return eventually(look, what, PATIENCE)
    except NotSeenError as error:
        say(str(error))
        return time.time()


def _stopped_at(service: str) -> float:
    moment = stack.containers()[service]["State"]["FinishedAt"]
    return datetime.fromisoformat(moment[:26].rstrip("Z") + "+00:00").timestamp()


def _ours(drill: Drill, since: float, *, resolution: bool) -> float:
    """When the first page came; 0 while none has."""
    pages = Pages().of(drill.alert, "pagerduty", since=since, resolution=resolution, says=drill.says)
    return pages[0].received_at if pages else 0


def _usual(drill: Drill, since: float, status: str) -> float:
    for each in Inbox().notifications("webhook"):
        about = [alert for alert in each.body["alerts"] if alert["labels"]["alertname"] == drill.alert]
        if each.received_at > since and about and drill.says in each.text and each.body["status"] == status:
            return each.received_at
    return 0


def summary(drill: Drill, found: list[Fault]) -> dict[str, Any]:
    ours, usual = sorted(each.ours for each in found), sorted(each.usual for each in found)
    p95 = statistics.quantiles(ours, n=20, method="inclusive")[-1] if len(ours) > 1 else ours[0]
    model = Model.of(drill)
    median, usual_median = statistics.median(ours), statistics.median(usual)
    return {
        "alert": drill.alert,
        "faults": len(found),
        "median s": round(median, 1),
        "p95 s": round(p95, 1),
        "model s": f"{model.lower:.0f} to {model.upper:.0f}",
        "usual median s": round(usual_median, 1),
        "median / usual": round(median / usual_median, 2),
        "met": p95 <= P95_LIMIT and median <= MEDIAN_LIMIT * usual_median,
    }


@contextmanager
def usual_pair() -> Iterator[None]:
    """Prometheus and Alertmanager with the usual timings, gone afterwards."""
    names = ("detection-prometheus", "detection-alertmanager")
    with tempfile.TemporaryDirectory(prefix="detection-") as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)
        for name, text in (
            ("prometheus.yml", _prometheus()),
            ("rules.yml", _rules()),
            ("alertmanager.yml", _alerting()),
            ("monitoring.yml", yaml.safe_load((ROOT / "prometheus" / "monitoring.yml").read_text(encoding="utf-8"))),
        ):
            (folder / name).write_text(yaml.safe_dump(text), encoding="utf-8")
        try:
            _start(names[1], "alertmanager", folder, "alertmanager.yml", "--cluster.listen-address=")
            _start(names[0], "prometheus", folder, "prometheus.yml")
            eventually(
                lambda: _started(names[0]), "the usual Prometheus to judge", 120, until=lambda text: "=> 0" in text
            )
            yield
        finally:
            for name in names:
                stack.run("docker", "rm", "--force", "--volumes", name)


def _start(name: str, service: str, folder: Path, configuration: str, *options: str) -> None:
    """With the image, networks and resolver of ours: the time that a gone container's name takes depends on them."""
    model = current().model
    ours = model["services"][service]
    command = ["docker", "run", "--detach", "--name", name, "--memory", "256m"]
    command += [f"--network={model['networks'][network]['name']}" for network in ours["networks"]]
    command += [f"--dns-option={option}" for option in ours.get("dns_opt", [])]
    command += [f"--volume={folder}:/etc/usual:ro"]
    command += [f"--volume={current().settings.secrets}/metrics_token:/run/secrets/metrics_token:ro"]
    stack.run(*command, ours["image"], f"--config.file=/etc/usual/{configuration}", *options)


def _started(name: str) -> str:
    """What it says of whether it has just started; nothing before its first evaluation."""
    return stack.run(
        *("docker", "exec", name, "promtool", "query", "instant", "http://127.0.0.1:9090", "prometheus:starting:bool")
    )


def _prometheus() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    times = {"scrape_interval": USUAL["interval"], "evaluation_interval": USUAL["interval"], "scrape_timeout": "10s"}
    found["global"] |= {**times, "external_labels": {"env": "usual"}}
    found["rule_files"] = ["rules.yml"]
    for job in found["scrape_configs"]:
        job.pop("scrape_interval", None)
        job.pop("scrape_timeout", None)
    found["alerting"]["alertmanagers"][0]["static_configs"] = [{"targets": ["detection-alertmanager:9093"]}]
    return found


def _rules() -> dict[str, Any]:
    """The rules of the three classes, and what they record, with the usual `for`."""
    wanted = {(drill.alert, drill.severity) for drill in DRILLS}
    found = []
    for _, group in groups():
        recorded = [rule for rule in group["rules"] if "record" in rule]
        alerts = [
            rule for rule in group["rules"] if (rule.get("alert"), rule.get("labels", {}).get("severity")) in wanted
        ]
        if alerts:
            usual = [{**rule, "for": USUAL["for"]} for rule in alerts]
            found.append({"name": group["name"], "rules": [*recorded, *usual]})
    return {"groups": found}


def _alerting() -> dict[str, Any]:
    """A group_interval as short as it gets, so that the end of one fault doesn't hold up the next."""
    route = {"receiver": "inbox", "group_by": ["alertname", "service"], "group_wait": USUAL["group_wait"]}
    webhook = {"url": "http://inbox:8095/webhook", "send_resolved": True}
    return {
        "route": {**route, "group_interval": "5s", "repeat_interval": "4h"},
        "receivers": [{"name": "inbox", "webhook_configs": [webhook]}],
    }


if __name__ == "__main__":
    raise SystemExit(main())
