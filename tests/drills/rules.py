"""The rule behind a drilled alert, and the route that it takes."""

from __future__ import annotations

from functools import cache
from typing import Any

from alertmanager.routes import routed
from prometheus.tests.reading import groups


@cache
def rule(alert: str, severity: str) -> dict[str, Any]:
    """The alert's rule of that severity, with its file as `component`."""
    for component, group in groups():
        for found in group["rules"]:
            if found.get("alert") == alert and found["labels"]["severity"] == severity:
                return {**found, "component": component, "interval": group.get("interval")}
    raise LookupError(f"No alert {alert} of severity {severity}: expected one of prometheus/rules/*.yml.")


def route(alert: str, severity: str) -> dict[str, Any]:
    """Alertmanager's route for it: the receiver and the timings."""
    return routed({"alertname": alert, **rule(alert, severity)["labels"]})
