"""The cases of each rules file notice the slips that mutators.py plants into it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from prometheus.tests import laboratory, mutation, survivors
from prometheus.tests.mutation import Report

MOST_SECONDS = 600


@dataclass(frozen=True)
class Run:
    report: Report
    seconds: float


@pytest.fixture(scope="module")
def run() -> Run:
    started = laboratory.seconds_of_all_cores()
    report = Report(laboratory.judge_all(mutation.promtool()))
    return Run(report, laboratory.seconds_of_all_cores() - started)


def test_enough_mutants_of_each_file_are_noticed(run: Run) -> None:
    assert run.report.too_low() == []


def test_every_survivor_has_a_reason_and_every_reason_a_survivor(run: Run) -> None:
    faults = survivors.faults(run.report.verdicts, survivors.load())
    assert faults == [], "\n".join(faults)


def test_page_is_of_these_rules(run: Run) -> None:
    written = mutation.PAGE.read_text(encoding="utf-8")
    assert written == mutation.page(run.report), "Write it anew: python -m prometheus.tests.mutation"


def test_it_took_no_longer_than_promised(run: Run) -> None:
    assert run.seconds < MOST_SECONDS


def test_red_cases_give_no_score(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    shutil.copytree(laboratory.RULES, rules)
    path = rules / "availability.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("== 0 unless", "== 1 unless", 1), encoding="utf-8")
    with pytest.raises(laboratory.RedBaselineError, match=r"availability.yml, unmutated: expected its case"):
        laboratory.judge_all(mutation.promtool(), ["availability"], rules)
