"""An engine that loses a build step before it began is asked once more; a stand-in, since none can be had at will."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ops import images
from ops.console import OpsError

LOST = "runc run failed: unable to start container process: waiting for init preliminary setup: read init-p"
BROKEN_RECIPE = 'runc run failed: unable to start container process: exec: "nothing": not found'


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with one line per build; `docker` takes what it says of each from words-1, words-2 and so on."""
    docker = tmp_path / "docker"
    docker.write_text(
        f"#!/bin/sh\necho build >> {tmp_path}/calls\nwords={tmp_path}/words-$(grep -c . {tmp_path}/calls)\n"
        'if [ -f "$words" ]; then cat "$words"; exit 1; fi\n',
        encoding="utf-8",
    )
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path / "calls"


def build(folder: Path) -> None:
    images.docker_build("nothing:1", folder / "Dockerfile", folder, {}, log="test-stumbling-engine")


def test_a_step_that_never_began_is_built_once_more(calls: Path, capsys: pytest.CaptureFixture[str]) -> None:
    calls.with_name("words-1").write_text(LOST, encoding="utf-8")
    build(calls.parent)
    assert calls.read_text(encoding="utf-8").split() == ["build", "build"]
    assert "Once more, from that step on" in capsys.readouterr().out


def test_a_broken_recipe_is_told_at_once(calls: Path) -> None:
    calls.with_name("words-1").write_text(BROKEN_RECIPE, encoding="utf-8")
    with pytest.raises(OpsError, match="not found"):
        build(calls.parent)
    assert calls.read_text(encoding="utf-8").split() == ["build"]
