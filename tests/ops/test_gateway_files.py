"""A new token or password is in the file that was asked for before it is in use."""

import hashlib
import json
import stat
from pathlib import Path

import pytest

from ops import gateway
from ops.console import OpsError
from ops.settings import Settings
from ops.stack import Stack


@pytest.fixture
def stack(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stack:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "gateway_agents").touch()
    monkeypatch.setenv("SECRETS_DIR", str(folder))
    return Stack(settings, "local")


def test_a_file_that_cannot_be_written_changes_nothing(stack: Stack, tmp_path: Path) -> None:
    with pytest.raises(OpsError, match=r"nowhere/token: can't be written .* Nothing has changed"):
        gateway.agent_token(stack, "web-2", "shop", str(tmp_path / "nowhere" / "token"))
    assert (stack.settings.secrets / "gateway_agents").read_text(encoding="utf-8") == ""


def test_the_file_has_the_token_in_use_for_its_owner_alone(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "token"
    gateway.agent_token(stack, "web-2", "shop", str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    token = file.read_text(encoding="utf-8").strip()
    kept = json.loads((stack.settings.secrets / "gateway_agents").read_text(encoding="utf-8"))
    assert kept["web-2"]["sha256"] == hashlib.sha256(token.encode()).hexdigest()
