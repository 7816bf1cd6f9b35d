"""Each mutator plants exactly the fault that it names, and what is written back is what was read."""

from __future__ import annotations

import promql_parser
import pytest

from prometheus import promql
from prometheus.tests.mutators import mutants
from prometheus.tests.survivors import Key, faults

# (expression, what is changed, the expression with it)
PLANTED = [
    ("a > 5", "> 5 becomes <", "a < 5"),
    ("a >= bool 5", ">= 5 becomes <=", "a <= bool 5"),
    ("a == 0", "== 0 becomes !=", "a != 0"),
    ("a > 6", "6 becomes 18", "a > 18"),
    ("a > 6", "6 becomes 2", "a > 2"),
    ("a > -6", "-6 becomes -18", "a > -18"),
    ("a / 300 > b", "300 becomes 900", "a / 900 > b"),
    ("predict_linear(a[1h], 60) < 0", "60 becomes 20", "predict_linear(a[1h], 20) < 0"),
    ('a{b="c",d!~"e"}', 'b="c" of a dropped', 'a{d!~"e"}'),
    ('rate(a{b=~"c.+"}[5m] offset 1w)', 'b=~"c.+" of a dropped', "rate(a[5m] offset 1w)"),
    ('a{b="c"} offset 1h', 'b="c" of a dropped', "a offset 1h"),
    ("sum by (b, c) (a)", "c of sum by (b, c) dropped", "sum by (b) (a)"),
    ("sum without (b) (a)", "b of sum without (b) dropped", "sum without () (a)"),
    ("rate(a[5m])", "window 5m of a becomes 30m", "rate(a[30m])"),
    ("max_over_time(a[1h:1m])", "window 1h of a subquery becomes 6h", "max_over_time(a[6h:1m])"),
    ("a and on (b) c > d", "and c > d becomes or", "(a or on (b) c > d)"),
    ("a unless on () b", "unless b dropped", "a"),
    ("(a unless b) and c", "unless b dropped", "(a) and c"),
]
KEPT = [
    "a",
    '{__name__="a"}',
    'a{b="c\\\\d.+",e="\\"f\\""} offset 1w',
    "sum by (b) (rate(a[5m])) / on (b) group_left (c) sum without (d) (e)",
    "topk(3, a) > bool 0.05",
    'label_replace(a, "b", "$1", "c", "(.*)")',
    "quantile_over_time(0.5, a[1h:5m] offset 1d)",
    "-a + 1e-09",
    "a - (b - c) ^ 2 % 3",
    "day_of_week() > 0 unless ignoring (b) vector(1)",
    "histogram_quantile(0.95, sum by (le) (rate(a_bucket[5m])))",
    "absent_over_time(a[10m])",
]


def same(one: str, other: str) -> bool:
    return str(promql_parser.parse(one).prettify()) == str(promql_parser.parse(other).prettify())


@pytest.mark.parametrize(("before", "change", "after"), PLANTED, ids=[each[2] for each in PLANTED])
def test_expression_has_the_named_fault_and_no_other(before: str, change: str, after: str) -> None:
    found = {each.change: each.rule for each in mutants({"record": "x", "expr": before})}
    assert same(found[change]["expr"], after), found[change]["expr"]


@pytest.mark.parametrize("text", KEPT)
def test_written_back_it_reads_the_same(text: str) -> None:
    assert same(promql.render(promql_parser.parse(text)), text)


def test_delay_and_severity() -> None:
    rule = {"alert": "X", "expr": "a", "for": "5m", "labels": {"severity": "critical", "team": "app"}}
    found = {each.change: each.rule for each in mutants(rule)}
    assert found == {
        "for 5m dropped": {"alert": "X", "expr": "a", "labels": rule["labels"]},
        "for 5m becomes 15m": {**rule, "for": "15m"},
        "severity critical becomes warning": {**rule, "labels": {"severity": "warning", "team": "app"}},
    }


def test_a_number_that_measures_nothing_stays() -> None:
    assert mutants({"record": "x", "expr": "histogram_quantile(0.95, a)"}) == []


def test_changes_of_one_rule_have_different_names() -> None:
    changes = [each.change for each in mutants({"record": "x", "expr": 'a{b="c"} + a{b="c"}'})]
    assert len(changes) == len(set(changes)) == 2


@pytest.mark.parametrize(
    ("survived", "listed", "expected"),
    [
        ([("http", "x", "lost")], {("http", "x", "lost"): "Sampled."}, []),
        ([("http", "x", "lost")], {}, ["Survived without a reason"]),
        ([], {("http", "x", "lost"): "Sampled."}, ["noticed now or gone"]),
    ],
)
def test_list_of_survivors_is_held_against_the_run(
    survived: list[Key], listed: dict[Key, str], expected: list[str]
) -> None:
    found = faults(survived, listed)
    assert len(found) == len(expected)
    assert all(words in fault for words, fault in zip(expected, found, strict=True))
