"""Every inhibit rule can match: by the labels of the alerts that the unit tests of the rules expect."""

from functools import cache

import pytest

from alertmanager.reference import alerts
from alertmanager.routes import INHIBIT_RULES, InhibitRule, match_all, matches, parse
from loki import rule_files as log_rules
from prometheus.tests.cases import assertions

Labels = dict[str, str]
each_rule = pytest.mark.parametrize(
    "rule", INHIBIT_RULES, ids=[f"{rule.source[0]} inhibits {rule.target[-1]}" for rule in INHIBIT_RULES]
)


@cache
def firing() -> tuple[Labels, ...]:
    """The labels of every alert that a unit test of the rules expects; Prometheus adds its own env to those without.

    An alert of Loki's has those of its rule and of its lines, which loki/tests/test_rules.py sees.
    """
    lines = {"application": "erp", "env": "sandbox", "service": "erp-web"}
    return (
        *({"alertname": each.alert, "env": "sandbox", **labels} for each in assertions() for labels in each.expected),
        *({"alertname": rule["alert"], **lines, **rule["labels"]} for _, rule in log_rules.alerts()),
    )


def named(matchers: tuple[str, ...]) -> list[str]:
    """The names of alerts that matchers ask for."""
    wanted = [
        value for label, operator, value in map(parse, matchers) if label == "alertname" and operator in ("=", "=~")
    ]
    return [name for value in wanted for name in value.split("|")]


def mutes(rule: InhibitRule, source: Labels, target: Labels) -> bool:
    """As Alertmanager does: an alert that is on both sides isn't muted by another of its kind."""
    both = [match_all(rule.source, each) and match_all(rule.target, each) for each in (source, target)]
    same = all(source.get(label, "") == target.get(label, "") for label in rule.equal)
    return match_all(rule.source, source) and match_all(rule.target, target) and same and not all(both)


@each_rule
def test_rule_names_alerts_that_exist(rule: InhibitRule) -> None:
    assert set(named(rule.source + rule.target)) - {each["alertname"] for each in alerts()} == set()


@each_rule
def test_both_sides_carry_the_labels_that_have_to_be_equal(rule: InhibitRule) -> None:
    sides = [each for each in firing() if match_all(rule.source, each) or match_all(rule.target, each)]
    assert sides
    assert [each for each in sides if any(not each.get(label) for label in rule.equal)] == []


@each_rule
def test_rule_can_match_for_each_alert_that_it_names(rule: InhibitRule) -> None:
    sources = [each for each in firing() if match_all(rule.source, each)]
    targets = [each for each in firing() if match_all(rule.target, each)]
    muted = {target["alertname"] for target in targets for source in sources if mutes(rule, source, target)}
    assert muted
    assert set(named(rule.target)) - muted == set()


@pytest.mark.parametrize("labels", [each for each in alerts() if each["severity"] == "none"])
def test_the_watchdog_is_muted_by_nothing(labels: Labels) -> None:
    assert [
        rule
        for rule in INHIBIT_RULES
        if match_all(rule.target, labels | {"service": "prometheus", "application": "monitoring"})
    ] == []


def test_lost_business_is_told_whatever_else_is_down() -> None:
    lost = [each for each in firing() if each.get("team") == "business" and each["severity"] == "critical"]
    assert [(rule, each) for rule in INHIBIT_RULES for each in lost if match_all(rule.target, each)] == []


@pytest.mark.parametrize("name", ["PostgresDown", "RedisDown", "ApplicationDown"])
def test_a_cause_is_muted_by_no_other_cause(name: str) -> None:
    for kind in ("", "postgres", "redis"):
        labels = {"alertname": name, "severity": "critical", "application": "erp", "team": "infra", "kind": kind}
        assert [rule for rule in INHIBIT_RULES if match_all(rule.target, labels)] == []


@pytest.mark.parametrize(
    ("matcher", "labels", "holds"),
    [
        ('a="x"', {"a": "x"}, True),
        ('a="x"', {"a": "xy"}, False),
        ('a!="x"', {}, True),
        ('a!="x"', {"a": "x"}, False),
        ('a=~"x|y"', {"a": "y"}, True),
        ('a=~"x|y"', {"a": "yy"}, False),
        ('a=~"x.+"', {}, False),
        ('a!~"x|y"', {"a": "y"}, False),
        ('a!~"x|y"', {}, True),
    ],
)
def test_matcher_reads_labels_as_alertmanager_does(matcher: str, labels: Labels, holds: bool) -> None:
    assert matches(matcher, labels) is holds


@pytest.mark.parametrize("matcher", ["a", "a=x", 'a=="x"', 'a="x', '="x"', 'a="\\""'])
def test_what_is_no_matcher_is_refused(matcher: str) -> None:
    with pytest.raises(ValueError, match="is no matcher"):
        parse(matcher)
