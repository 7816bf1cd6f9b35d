"""The cases of each rules file notice the slips that mutators.py plants into it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from prometheus.tests import laboratory, mutation, survivors
from prometheus.tests.mutation import Report


@pytest.fixture(scope="module")
def report() -> Report:
    return Report(laboratory.judge_all(mutation.promtool()))


def test_enough_mutants_of_each_file_are_noticed(report: Report) -> None:
    assert report.too_low() == []


def test_every_survivor_has_a_reason_and_every_reason_a_survivor(report: Report) -> None:
    faults = survivors.faults(report.verdicts, survivors.load())
    assert faults == [], "\n".join(faults)


def test_page_is_of_these_rules(report: Report) -> None:
    written = mutation.PAGE.read_text(encoding="utf-8")
    assert written == mutation.page(report), "Write it anew: python -m prometheus.tests.mutation"


def test_red_cases_give_no_score(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    shutil.copytree(laboratory.RULES, rules)
    path = rules / "availability.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("== 0 unless", "== 1 unless", 1), encoding="utf-8")
    with pytest.raises(laboratory.RedBaselineError, match=r"availability.yml, unmutated: expected its case"):
        laboratory.judge_all(mutation.promtool(), ["availability"], rules)
