"""The rule behind a drilled alert, the route that it takes, and a digest of both."""

import hashlib
import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from alertmanager.routes import routed
from loki import rule_files as log_rules
from prometheus import rule_files

RECORDED = re.compile(r"\w+(?::\w+)+")  # the name of a recorded series has colons
JUDGED_BY = ("expr", "for", "keep_firing_for", "labels")  # annotations change what is told, not when
TIMED_BY = ("receiver", "group_by", "group_wait", "group_interval", "repeat_interval", "active_time_intervals")


def groups() -> tuple[tuple[str, dict[str, Any]], ...]:
    """Prometheus' and Loki's, each with the name of its file."""
    return (*rule_files.groups(), *log_rules.groups())


@cache
def rule(alert: str, severity: str) -> dict[str, Any]:
    """The alert's rule of that severity, with its file as `component`."""
    for component, group in groups():
        for found in group["rules"]:
            if found.get("alert") == alert and found["labels"]["severity"] == severity:
                return {**found, "component": component, "interval": group.get("interval")}
    raise LookupError(f"No alert {alert} of severity {severity}: expected one of prometheus/rules and loki/rules.")


def route(alert: str, severity: str) -> dict[str, Any]:
    """Alertmanager's route for it: the receiver and the timings."""
    return routed({"alertname": alert, **rule(alert, severity)["labels"]})


def digest(alert: str, severity: str) -> str:
    """Of all that decides when and to whom the alert is told; a drill is valid as long as this stays the same."""
    timings = {key: value for key, value in route(alert, severity).items() if key in TIMED_BY}
    text = json.dumps([list(_rules_of(alert, severity)), timings], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _rules_of(alert: str, severity: str) -> Iterator[dict[str, Any]]:
    """The alert's rules of that severity, then every recording rule that they read, directly or by another one."""
    wanted, seen = [(alert, severity)], set()
    while wanted:
        name, tier = wanted.pop(0)
        for _, group in groups():
            for found in group["rules"]:
                if name == found.get("record") or (name, tier) == _tier(found):
                    expression = " ".join(str(found["expr"]).split())
                    judged = {key: found[key] for key in JUDGED_BY if key in found}
                    yield {"name": name, "interval": group.get("interval"), **judged, "expr": expression}
                    fresh = [(each, "") for each in RECORDED.findall(expression) if each not in seen]
                    seen |= {each for each, _ in fresh}
                    wanted += fresh


def _tier(found: dict[str, Any]) -> tuple[str, str]:
    return found.get("alert", ""), found.get("labels", {}).get("severity", "")
