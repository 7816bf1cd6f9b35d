"""Each linter of tests/lint.py finds a fault planted for it: one that finds nothing proves nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lint import LINTERS

PLANTED = {
    "ruff check": ("bad.py", "import os\n"),
    "ruff format": ("bad.py", "x = { 'a' :1 }\n"),
    "mypy": ("bad.py", "def double(x):\n    return x * 2\n"),
    "mypy of the ERP": ("bad.py", "def double(x):\n    return x * 2\n"),
    "yamllint": ("bad.yml", "a: 1\na: 2\n"),
    "shellcheck": ("bad.sh", "#!/bin/sh\nrm -rf $1/*\n"),
    "hadolint": ("Dockerfile", "FROM debian:latest\nRUN cd /tmp && make\n"),
    "compose schema": ("compose.yaml", "services:\n  a:\n    image: b\n    memlimit: 1g\n"),
}


def test_every_linter_has_a_planted_fault() -> None:
    assert set(PLANTED) == set(LINTERS)


@pytest.mark.parametrize("name", PLANTED)
def test_linter_finds_the_planted_fault(name: str, tmp_path: Path) -> None:
    file, content = PLANTED[name]
    (tmp_path / file).write_text(content, encoding="utf-8")
    done = LINTERS[name].run([tmp_path / file])
    assert done.returncode != 0
    assert file in done.stdout + done.stderr


@pytest.mark.parametrize("name", LINTERS)
def test_linter_has_files_to_look_at(name: str) -> None:
    assert LINTERS[name].targets()
