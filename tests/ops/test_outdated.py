"""What `make outdated` says of a pin by the registry's answer."""

import pytest

from ops.console import OpsError
from ops.outdated import Pin, _row
from ops.paths import ROOT


def refuse(name: str) -> list[str]:
    raise OpsError("403 Forbidden")


@pytest.mark.parametrize(
    ("version", "offered", "said"),
    [
        ("1.2.3", ["1.2.3", "1.2.2"], None),
        ("1.2.3", ["1.2.10", "1.3.0", "2.0.0rc1"], ["1.2.10", "1.3.0"]),
        ("v0.31.1", ["v0.31.1", "v0.35.0", "v0.36.0-rc.1"], ["v0.31.1", "v0.35.0"]),
        ("0.66b1", ["0.66b1", "0.66b2"], ["0.66b2", "0.66b2"]),
    ],
)
def test_newer_versions_are_told(version: str, offered: list[str], said: list[str] | None) -> None:
    row = _row(Pin("PyPI", "any", version, ROOT / "requirements" / "test.in", lambda _: offered))
    assert (row[3:5] if row else None) == said


def test_a_refusal_is_no_newest_version() -> None:
    row = _row(Pin("Go", "any", "v1.2.3", ROOT / "requirements" / "test.in", refuse))
    assert row is not None
    assert row[3:5] == ["can't be known", "403 Forbidden"]
