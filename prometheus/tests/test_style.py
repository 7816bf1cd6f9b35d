"""One form for every alert: routes and inhibitions read the labels, people the rest. Links: test_alerts.py."""

from __future__ import annotations

import re

import promql_parser as ast
import pytest

from loki import rule_files as log_rules
from prometheus import thresholds
from prometheus.promql import walk
from prometheus.rule_files import RULES, Rule, alerts, all_rules, metric_of, paths, title
from prometheus.tests.cases import alert_ids
from tests.support.compose_model import services

NAME = re.compile(r"([A-Z0-9][a-z0-9]*){2,}")
HEARTBEAT = "Watchdog"
SEVERITIES = {"critical", "warning", "info"}
TEAMS = {"app", "infra", "business"}
SIGNALS = {"errors", "latency", "saturation", "availability", "business", "self"}
LABELS = {"severity", "team", "application", "service", "signal"}
TELLS_APART = {"window"}  # two rules of one tier
ANNOTATIONS = {"summary", "description", "runbook_url", "dashboard_url", "logs_url"}
VALUE = re.compile(r"\{\{[^}]*\$value[^}]*\}\}")
READABLE = re.compile(r"\$value \| humanize|printf ([\"`])[^\"`]+\1 \$value")

each_alert = pytest.mark.parametrize("rule", [rule for _, rule in alerts()], ids=alert_ids())


@pytest.mark.parametrize(("file", "rule"), alerts(), ids=alert_ids())
def test_name_says_thing_and_state_and_the_application_where_it_is_of_one(file: str, rule: Rule) -> None:
    assert NAME.fullmatch(rule["alert"]) or rule["alert"] == HEARTBEAT
    folder = paths()[file].parent.name
    assert rule["alert"].startswith("Erp") == (folder == "erp")


def test_rules_for_every_application_name_none() -> None:
    """What only the sample counts is in rules/erp. Every stack has the monitoring; the sandbox is never a user's."""
    known = {"monitoring", "sandbox", "", ".+"}
    general = [(file, rule) for file, rule in all_rules() if paths()[file].parent == RULES]
    named = {
        f"{file}: {title(rule)}": found
        for file, rule in (*general, *log_rules.rules())
        for chosen in re.findall(r'\bapplication[=!~]+"([^"]*)"', str(rule["expr"]))
        if (found := [*sorted(set(chosen.split("|")) - known), *re.findall(r"(?i)\berp\w*", str(rule))])
    }
    assert named == {}


@each_alert
def test_labels_have_the_values_that_routes_know(rule: Rule) -> None:
    """The series may bring the service along instead; test_coverage.py sees to that."""
    labels = rule["labels"]
    assert labels["severity"] in ({"none"} if rule["alert"] == HEARTBEAT else SEVERITIES)
    assert labels["team"] in TEAMS
    assert labels["signal"] in SIGNALS
    assert set(labels) <= LABELS | TELLS_APART
    service = labels.get("service", "{{")
    assert "{{" in service or service in {*services(), "celery"}
    assert labels.get("application", "monitoring") == "monitoring"


@each_alert
def test_annotations_are_the_five(rule: Rule) -> None:
    assert set(rule["annotations"]) == ANNOTATIONS


@each_alert
def test_summary_stays_the_same_while_the_value_changes_and_the_description_has_readable_values(rule: Rule) -> None:
    summary, description = rule["annotations"]["summary"], rule["annotations"]["description"]
    assert [each for each in ("\n", "$value") if each in summary] == []
    assert (summary.endswith("."), description.endswith(".")) == (False, True)
    assert [each for each in VALUE.findall(description) if not READABLE.search(each)] == []


@each_alert
def test_nobody_is_paged_for_one_bad_sample(rule: Rule) -> None:
    if rule["labels"]["severity"] == "critical":
        assert str(rule.get("for", "0s")) not in ("0s", "0m", "0") or has_window(str(rule["expr"]))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("up == 0", False),
        ("increase(a[5m]) > 0", True),
        ("max_over_time((a > 1)[10m:1m]) > 0", True),
        ("service:django_http_errors:increase5m > 5", True),
        ("prometheus:starting:bool == 1", False),
    ],
)
def test_a_window_is_found_in_the_recorded_series_too(expression: str, expected: bool) -> None:
    assert has_window(expression) == expected


def test_each_series_is_recorded_by_one_file() -> None:
    """Thresholds stand beside the alert that they are of, an application's SLOs in a file of its own."""
    files: dict[str, set[str]] = {}
    for file, rule in all_rules():
        if "record" in rule and rule["record"] != thresholds.SERIES:
            files.setdefault(f"{rule['record']} {rule.get('labels', {}).get('slo', '')}", set()).add(file)
    assert {name: found for name, found in files.items() if len(found) > 1} == {}


def has_window(expression: str) -> bool:
    nodes = list(walk(ast.parse(expression)))
    if any(isinstance(node, ast.MatrixSelector | ast.SubqueryExpr) for node in nodes):
        return True
    names = {metric_of(node) for node in nodes if isinstance(node, ast.VectorSelector)}
    return any(has_window(str(rule["expr"])) for _, rule in all_rules() if rule.get("record") in names)
