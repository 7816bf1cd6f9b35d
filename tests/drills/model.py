"""When a notification is due, by the timings that the stack is configured with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml
from promql_parser import parse_duration

from ops.paths import ROOT
from tests.drills.rules import route, rule
from tests.drills.table import Drill

DELIVERY = 1.0


def seconds(duration: str) -> float:
    """`1m30s` as 90."""
    return float(parse_duration(duration).total_seconds())


@cache
def _prometheus() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")))


def interval(name: str) -> float:
    return seconds(_prometheus()["global"][name])


def scrape_interval(*, probed: bool) -> float:
    """How often figures, or probes, are asked for."""
    asked = {job.get("scrape_interval") for job in _prometheus()["scrape_configs"]} - {None}
    return min(map(seconds, asked)) if probed else interval("scrape_interval")


@dataclass(frozen=True)
class Model:
    """Seconds from the fault to the notification: the least and the most that the configuration allows."""

    lower: float
    upper: float

    @staticmethod
    def of(drill: Drill) -> Model:
        """What fills the window, then scrape + evaluation + `for`, on whole evaluations, + group_wait + delivery."""
        found = rule(drill.alert, drill.severity)
        evaluation = seconds(found["interval"]) if found["interval"] else interval("evaluation_interval")
        pending = math.ceil(seconds(found["for"]) / evaluation) * evaluation if "for" in found else 0
        fixed = pending + seconds(str(route(drill.alert, drill.severity)["group_wait"]))
        condition_from, condition_to = drill.condition
        upper = condition_to + scrape_interval(probed=drill.probed) + evaluation + fixed + DELIVERY
        return Model(condition_from + fixed, upper)
