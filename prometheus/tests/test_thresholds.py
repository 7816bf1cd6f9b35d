"""Each threshold that an application can have for itself is recorded in one form, and read by its alert."""

import re
from pathlib import Path

import promql_parser as ast
import pytest

from ops import application_files
from prometheus import thresholds
from prometheus.rule_files import Rule, alerts, all_rules, selectors

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "thresholds.md"
RECORDED = [rule for _, rule in all_rules() if rule.get("record") == thresholds.SERIES]
FORM = re.compile(
    r'application:alert_threshold:own\{alert="(?P<alert>\w+)",severity="(?P<severity>\w+)"\} '
    r"or on \(application\) [\d.]+ \* group by \(application\) \(\w[\w:]*\)"
)


@pytest.mark.parametrize("rule", RECORDED, ids=[" ".join(rule["labels"].values()) for rule in RECORDED])
def test_it_is_the_application_s_own_or_the_default_for_each_application_that_is_compared(rule: Rule) -> None:
    found = FORM.fullmatch(" ".join(str(rule["expr"]).split()))
    assert found is not None, "expected the form of the other thresholds"
    assert found.groupdict() == rule["labels"]
    assert thresholds.compared(**rule["labels"])


def test_an_alert_reads_its_own_threshold_and_no_other() -> None:
    for _, rule in alerts():
        read = [each for each in selectors(rule) if each.name == thresholds.SERIES]
        named = [{matcher.name: matcher.value for matcher in each.matchers.matchers} for each in read]
        own = {"alert": rule["alert"], "severity": rule["labels"]["severity"]}
        assert named == ([own] if (own["alert"], own["severity"]) in thresholds.thresholds() else [])


def test_the_files_of_applications_may_set_the_thresholds_that_there_are() -> None:
    assert application_files.thresholds() == set(thresholds.thresholds())


def test_the_default_of_another_series_is_none() -> None:
    selector = ast.parse("up")
    assert isinstance(selector, ast.VectorSelector)
    assert thresholds.default(selector) is None


def test_committed_page_is_the_one_that_the_rules_make() -> None:
    assert PAGE.read_text(encoding="utf-8") == thresholds.page(), "run `make reference` and commit what it writes"
