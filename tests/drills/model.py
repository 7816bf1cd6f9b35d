"""When a notification is due, by the timings that the stack is configured with."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml
from promql_parser import parse_duration

from alertmanager.routes import ROUTE, routed
from ops.paths import ROOT
from prometheus.tests.reading import groups
from tests.drills.table import Drill

DELIVERY = 1.0


def seconds(duration: str) -> float:
    """`1m30s` as 90."""
    return float(parse_duration(duration).total_seconds())


@cache
def rule(alert: str, severity: str) -> dict[str, Any]:
    """The alert's rule of that severity, with its file as `component`."""
    for component, group in groups():
        for found in group["rules"]:
            if found.get("alert") == alert and found["labels"]["severity"] == severity:
                return {**found, "component": component, "interval": group.get("interval")}
    raise LookupError(f"No alert {alert} of severity {severity}: expected one of prometheus/rules/*.yml.")


@cache
def interval(name: str) -> float:
    text = (ROOT / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
    return seconds(yaml.safe_load(text)["global"][name])


def group_wait(found: dict[str, Any]) -> float:
    """Of the route that the rule's alert takes; of the root when it has none."""
    route = {**ROUTE, **routed({"alertname": found["alert"], **found["labels"]})}
    return seconds(str(route["group_wait"]))


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
        fixed = pending + group_wait(found)
        condition_from, condition_to = drill.condition
        upper = condition_to + interval("scrape_interval") + evaluation + fixed + DELIVERY
        return Model(condition_from + fixed, upper)
