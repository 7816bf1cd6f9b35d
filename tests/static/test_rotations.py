"""Every secret has its way to be replaced."""

from ops import secrets
from ops.backup import PASSPHRASE
from ops.repository import CREDENTIALS
from ops.rotations import BY_HAND, ROTATIONS
from tests.support.stack import ROOT


def test_each_secret_can_be_rotated_or_says_how() -> None:
    known = {*secrets.TABLE, *secrets.GATEWAY, *secrets.BEFORE, *secrets.STORAGE, PASSPHRASE, CREDENTIALS}
    assert set(ROTATIONS) | set(BY_HAND) == known
    assert set(ROTATIONS) & set(BY_HAND) == set()


def test_what_the_user_gets_elsewhere_comes_from_a_file() -> None:
    assert {name for name, rotation in ROTATIONS.items() if rotation.is_given} == set(secrets.CHANNELS)


def test_each_secret_is_in_the_documentation() -> None:
    page = (ROOT / "docs" / "operations" / "rotation.md").read_text(encoding="utf-8")
    assert [name for name in (*ROTATIONS, *BY_HAND) if f"`{name}`" not in page] == []
