"""`make scan` with scanners that only answer, since none is here: what isn't looked at is told, not called clean."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ops import scan
from ops.paths import ROOT
from tests.support.repository import files

STACK: Any = SimpleNamespace(model={"services": {"a": {"image": "shop/a:1"}, "b": {"image": "shop/a:1"}}})
LOCKS = [str(file.relative_to(ROOT)) for file in files("requirements.txt")]
SHIPPED = [name for name in LOCKS if not name.startswith("tests/")]


def put(folder: Path, **statuses: int) -> None:
    """Programs of these names that write down how they were called."""
    for name, status in statuses.items():
        file = folder / name.replace("_", "-")
        file.write_text(f'#!/bin/sh\necho "{file.name} $*" >> {folder}/calls\nexit {status}\n', encoding="utf-8")
        file.chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of all programs that there are."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_nothing_is_called_clean_that_nobody_looked_at(programs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert programs.is_dir()
    assert scan.scan(STACK) == 1
    said = capsys.readouterr().out
    for sentence in ("Found neither trivy nor grype", "Found no pip-audit", "Found no npm"):
        assert sentence in said
    assert "no scanner found anything" not in said


def test_each_image_and_each_lock_file_is_looked_at_once(programs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(programs, trivy=0, pip_audit=0, npm=0)
    assert scan.scan(STACK) == 0
    calls = (programs / "calls").read_text(encoding="utf-8").splitlines()
    assert [call.split()[-1] for call in calls if call.startswith("trivy")] == ["shop/a:1"]
    audited = [call.split()[-1] for call in calls if call.startswith("pip-audit --strict")]
    assert sorted(audited) == SHIPPED
    assert f"{len(calls)} looks, and no scanner found anything." in capsys.readouterr().out


def test_what_a_scanner_finds_is_told(programs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(programs, grype=1, pip_audit=0, npm=0)
    assert scan.scan(STACK) == 1
    assert "grype shop/a:1: `grype` ended with 1" in capsys.readouterr().out
