"""When a notification is due, by the timings that the stack is configured with."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from alertmanager.routes import ROUTE
from ops.paths import ROOT
from tests.drills.table import Drill

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
DELIVERY = 1.0


def seconds(duration: str) -> float:
    """`1m30s` as 90."""
    return float(sum(int(number) * SECONDS[unit] for number, unit in re.findall(r"(\d+)([smhd])", duration)))


@cache
def rule(alert: str, severity: str) -> dict[str, Any]:
    """The alert's rule of that severity, with its file as `component`."""
    for path in sorted((ROOT / "prometheus" / "rules").glob("*.yml")):
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            for found in group["rules"]:
                if found.get("alert") == alert and found["labels"]["severity"] == severity:
                    return {**found, "component": path.stem, "interval": group.get("interval")}
    raise LookupError(f"No alert {alert} of severity {severity}: expected one of prometheus/rules/*.yml.")


@cache
def interval(name: str) -> float:
    text = (ROOT / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
    return seconds(yaml.safe_load(text)["global"][name])


def group_wait(severity: str) -> float:
    """Of the route that the severity takes; of the root when it has none."""
    routes: Any = ROUTE["routes"]
    for route in routes:
        if route["matchers"] == [f'severity="{severity}"'] and "group_wait" in route:
            return seconds(route["group_wait"])
    return seconds(str(ROUTE["group_wait"]))


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
        pending = math.ceil(seconds(str(found.get("for", "0s"))) / evaluation) * evaluation
        fixed = pending + group_wait(drill.severity)
        condition_from, condition_to = drill.condition
        upper = condition_to + interval("scrape_interval") + evaluation + fixed + DELIVERY
        return Model(condition_from + fixed, upper)
