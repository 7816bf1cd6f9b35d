"""The committed results of mutation and quiet days belong to the rules as they are, and are good enough."""

from collections.abc import Callable
from pathlib import Path

import pytest

from prometheus.tests import mutation, quiet
from prometheus.tests.records import Record

INPUTS = {"http": "the rules of today", "host": "the same"}


def test_planted_faults_are_recorded_for_the_rules_as_they_are() -> None:
    found = mutation.RECORD.faults(mutation.inputs())
    assert found == [], "\n".join(found)


def test_enough_planted_faults_are_noticed_and_what_is_not_has_a_reason() -> None:
    found = mutation.faults(mutation.RECORD.rows())
    assert found == [], "\n".join(found)


def test_page_of_planted_faults_shows_its_record() -> None:
    written = mutation.PAGE.read_text(encoding="utf-8")
    assert written == mutation.page(mutation.RECORD.rows()), "Run `make mutation` and commit what it writes."


def test_quiet_days_are_recorded_for_the_rules_as_they_are() -> None:
    found = quiet.RECORD.faults(quiet.inputs())
    assert found == [], "\n".join(found)


@pytest.mark.parametrize(
    ("spoil", "inputs", "said"),
    [
        (lambda text: text.replace("98", "99"), INPUTS, "http was edited by hand"),
        (str, {**INPUTS, "http": "other rules"}, "http has changed since its result was recorded"),
        (str, {**INPUTS, "redis": "new"}, "redis has no row"),
        (str, {"http": INPUTS["http"]}, "host has a row, but is there no more"),
    ],
)
def test_a_stale_or_edited_record_says_what_writes_it_anew(
    spoil: Callable[[str], str], inputs: dict[str, str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prometheus.tests.records.ROOT", tmp_path)
    record = Record(tmp_path / "mutation.json", "make mutation")
    record.write({"http": {"mutants": 98}, "host": {"mutants": 9}}, INPUTS)
    assert set(record.current(inputs)) == {name for name in INPUTS if inputs.get(name) == INPUTS[name]}
    record.path.write_text(spoil(record.path.read_text(encoding="utf-8")), encoding="utf-8")
    (found,) = record.faults(inputs)
    assert found.startswith(f"mutation.json: {said}")
    assert found.endswith("Run `make mutation` and commit what it writes.")
