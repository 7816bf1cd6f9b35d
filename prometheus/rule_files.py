"""The rule files, read as Prometheus reads them: groups, rules and alerts, and the series that each rule reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import promql_parser as ast
import yaml

from prometheus import promql

FOLDER = Path(__file__).resolve().parent
RULES = FOLDER / "rules"
CASES = FOLDER / "tests" / "rules"
# Metrics that only some installations have. The sandbox asks no address by TLS, has no gateway, Sentry or Thanos, and
# isn't backed up.
NOT_EVERYWHERE = {
    "probe_ssl_earliest_cert_expiry",
    "gateway_refusals_total",
    "backup_last_success_timestamp_seconds",
    "kafka_consumergroup_lag",
    "kafka_consumergroup_current_offset",
    "relay_envelopes_rejected_total",
    "taskbroker_oldest_task_seconds",
    "thanos_alert_sender_alerts_dropped_total",
    "thanos_objstore_bucket_operation_failures_total",
    "thanos_compact_halted",
}
# What rules read and neither record nor find: Prometheus makes the one, applications/*.toml the other.
WITHOUT_METRIC = {"ALERTS", "application:alert_threshold:own"}

# Loki sends these (loki/rules), and only once there is something to count.
RECORDED_BY_LOKI = frozenset({"service_exception:log_tracebacks:count5m"})

Rule = dict[str, Any]


class Loader(yaml.SafeLoader):
    """Reads as promtool does: `0x30` is a series of zeros, not the number 48."""


INTEGER = "tag:yaml.org,2002:int"
Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != INTEGER]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver(INTEGER, re.compile(r"[-+]?[0-9]+$"), list("-+0123456789"))


def load(path: Path) -> dict[str, Any]:
    return dict(yaml.load(path.read_text(encoding="utf-8"), Loader))  # noqa: S506 - a SafeLoader


def paths(rules: Path = RULES) -> dict[str, Path]:
    """Every file of rules by its name, the sample's own too; rules/own is its user's."""
    files = [path for path in rules.rglob("*.yml") if path.parent.name != "own"]
    return {path.stem: path for path in sorted(files, key=lambda path: path.stem)}


@cache
def groups() -> tuple[tuple[str, dict[str, Any]], ...]:
    """Every group of rules with the name of its file."""
    return tuple((file, group) for file, path in paths().items() for group in load(path)["groups"])


@cache
def all_rules() -> tuple[tuple[str, Rule], ...]:
    """Every rule with the name of its file."""
    return tuple((file, rule) for file, group in groups() for rule in group["rules"])


def alerts() -> list[tuple[str, Rule]]:
    return [(file, rule) for file, rule in all_rules() if "alert" in rule]


def recorded() -> set[str]:
    return {rule["record"] for _, rule in all_rules() if "record" in rule}


def title(rule: Rule) -> str:
    if "record" in rule:
        return str(rule["record"])
    return f"{rule['alert']} {rule.get('labels', {}).get('severity', '')}".strip()


def selectors(rule: Rule) -> Iterator[ast.VectorSelector]:
    """Every selector of a rule's expression; the walk goes into those with a window too."""
    for node in promql.walk(ast.parse(str(rule["expr"]))):
        if isinstance(node, ast.VectorSelector):
            yield node


def metric_of(selector: ast.VectorSelector) -> str:
    named = [each.value for each in selector.matchers.matchers if each.name == "__name__"]
    if not (selector.name or named):
        raise LookupError(f"Expected a metric's name in the selector {promql.render(selector)}.")
    return str(selector.name or named[0])


def metrics_read() -> dict[str, set[str]]:
    """Every metric that rules read, with the rules that do; without what rules record, Loki's among them."""
    found: dict[str, set[str]] = {}
    for file, rule in all_rules():
        for selector in selectors(rule):
            found.setdefault(metric_of(selector), set()).add(f"{file}: {title(rule)}")
    made = recorded() | RECORDED_BY_LOKI | WITHOUT_METRIC
    return {metric: readers for metric, readers in found.items() if metric not in made}
