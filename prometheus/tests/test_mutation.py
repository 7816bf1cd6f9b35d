"""The mutants of a small rules file on the real promtool; the record of all files is held in tests/static."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from prometheus.tests import mutation_runner
from prometheus.tests.mutation import promtool
from prometheus.tests.mutation_runner import Result

RULES = {"groups": [{"name": "g", "rules": [{"alert": "Full", "expr": "used > 5", "for": "2m"}]}]}
CASE: dict[str, object] = {
    "interval": "1m",
    "input_series": [{"series": "used", "values": "6x10"}],
    "alert_rule_test": [
        {"eval_time": "1m", "alertname": "Full", "exp_alerts": []},
        {"eval_time": "2m", "alertname": "Full", "exp_alerts": [{}]},
    ],
}


def folder_with_rules(folder: Path, case: dict[str, object]) -> Path:
    (folder / "rules").mkdir()
    (folder / "tests" / "rules").mkdir(parents=True)
    tests = {"rule_files": ["../../rules/disk.yml"], "evaluation_interval": "1m", "tests": [case]}
    (folder / "rules" / "disk.yml").write_text(yaml.safe_dump(RULES), encoding="utf-8")
    (folder / "tests" / "rules" / "disk_test.yml").write_text(yaml.safe_dump(tests), encoding="utf-8")
    return folder


def test_the_mutant_that_no_case_notices_survives(tmp_path: Path) -> None:
    """One series of 6, asked at the minute before the delay ends and at its end: a limit of 1.67 changes neither."""
    found = dict(mutation_runner.judge(promtool(), ["disk"], folder_with_rules(tmp_path, CASE)))
    assert found == {"disk": Result(rules=1, mutants=5, survivors=[("Full", "5 becomes 1.67")])}


def test_red_cases_give_no_score(tmp_path: Path) -> None:
    red = {**CASE, "alert_rule_test": [{"eval_time": "1m", "alertname": "Full", "exp_alerts": [{}]}]}
    with pytest.raises(mutation_runner.RedBaselineError, match=r"disk.yml, unmutated: expected its case 'disk-0'"):
        list(mutation_runner.judge(promtool(), ["disk"], folder_with_rules(tmp_path, red)))


def test_promtool_of_another_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "promtool"
    other.write_text("#!/bin/sh\necho 'promtool, version 2.0.0 (branch: none)'\n", encoding="utf-8")
    other.chmod(0o755)
    monkeypatch.setenv("PROMTOOL", str(other))
    with pytest.raises(RuntimeError, match=r"version 2\.0\.0 .*expected version 3\."):
        promtool()
