"""What tests/planted.py wants to change is still there, and so are the tests that it names."""

import pytest

from ops.paths import ROOT
from tests.planted import GROUPS, Planted

ALL = [planted for group in GROUPS.values() for planted in group]


@pytest.mark.parametrize("planted", ALL, ids=[planted.what for planted in ALL])
def test_a_planted_fault_and_its_tests_are_there(planted: Planted) -> None:
    text = (ROOT / planted.file).read_text(encoding="utf-8") if planted.before else ""
    assert planted.broken(text) != text
    for name in planted.turns_red:
        file, _, test = name.partition("::")
        assert f"def {test.partition('[')[0]}(" in (ROOT / "tests" / file).read_text(encoding="utf-8")
