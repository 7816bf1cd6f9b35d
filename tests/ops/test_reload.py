"""`make reload` names all that it refuses at once."""

import pytest

from ops.console import OpsError, each_of


def test_a_fault_of_one_file_hides_no_other() -> None:
    seen: list[str] = []

    def refuse(name: str) -> None:
        seen.append(name)
        raise OpsError(f"{name} can't be used.")

    with pytest.raises(OpsError, match=r"^a can't be used\.\nc can't be used\.$"):
        each_of(lambda: refuse("a"), lambda: seen.append("b"), lambda: refuse("c"))
    assert seen == ["a", "b", "c"]
