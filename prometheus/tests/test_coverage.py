"""promtool doesn't say which rules its cases reach: each tier of each alert is seen firing once and silent twice."""

from __future__ import annotations

import pytest

from prometheus.rule_files import Rule, alerts
from prometheus.tests.cases import alert_ids, assertions

LEAST_SILENT = 2
ALWAYS_FIRING = {"Watchdog"}

each_alert = pytest.mark.parametrize(("file", "rule"), alerts(), ids=alert_ids())


def constant_labels(rule: Rule) -> set[tuple[str, str]]:
    """What tells the tiers of one name apart."""
    return {(name, str(value)) for name, value in rule["labels"].items() if "{{" not in str(value)}


def is_of(rule: Rule, labels: dict[str, str]) -> bool:
    return constant_labels(rule) <= {(name, str(value)) for name, value in labels.items()}


@each_alert
def test_a_case_sees_this_tier_firing(file: str, rule: Rule) -> None:
    about = [each for each in assertions() if (each.file, each.alert) == (file, rule["alert"])]
    assert [each for each in about if any(is_of(rule, labels) for labels in each.expected)]


@each_alert
def test_two_cases_see_this_tier_silent(file: str, rule: Rule) -> None:
    about = [each for each in assertions() if (each.file, each.alert) == (file, rule["alert"])]
    silent = [each for each in about if not any(is_of(rule, labels) for labels in each.expected)]
    assert len(silent) >= (0 if rule["alert"] in ALWAYS_FIRING else LEAST_SILENT)


def test_cases_ask_only_for_alerts_that_exist() -> None:
    """promtool takes a misspelt name for an alert that is silent."""
    assert {each.alert for each in assertions()} - {rule["alert"] for _, rule in alerts()} == set()


@pytest.mark.parametrize("label", ["application", "service"])
def test_every_expected_alert_names_what_is_ill(label: str) -> None:
    """The label comes from the rule or from the series; only a case shows which."""
    assert [each for each in assertions() if not all(labels.get(label) for labels in each.expected)] == []
