"""What `make sabotage` wants to change is still there, and so are the tests that it names."""

from __future__ import annotations

import pytest

from ops.paths import ROOT
from tests.sabotage_model import Sabotage
from tests.sabotages import GROUPS

ALL = [sabotage for group in GROUPS.values() for sabotage in group]
each = pytest.mark.parametrize("sabotage", ALL, ids=[sabotage.what for sabotage in ALL])


@each
def test_what_is_broken_is_there(sabotage: Sabotage) -> None:
    path = ROOT / sabotage.file
    text = path.read_text(encoding="utf-8") if sabotage.before else ""
    assert sabotage.broken(text) != text


@each
def test_tests_that_turn_red_are_there(sabotage: Sabotage) -> None:
    for name in set(sabotage.turns_red) - {"make up"}:
        file, _, test = name.partition("::")
        assert f"def {test.partition('[')[0]}(" in (ROOT / "tests" / "e2e" / file).read_text(encoding="utf-8")
