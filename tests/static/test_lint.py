"""Each linter of tests/lint.py finds a fault planted for it: one that finds nothing proves nothing."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest

from ops.paths import ROOT
from tests.lint import BIN, LINTERS

PLANTED = {
    "ruff check": ("bad.py", "import os\n"),
    "ruff format": ("bad.py", "x = { 'a' :1 }\n"),
    "mypy": ("bad.py", "def double(x):\n    return x * 2\n"),
    "yamllint": ("bad.yml", "a: 1\na: 2\n"),
    "shellcheck": ("bad.sh", "#!/bin/sh\nrm -rf $1/*\n"),
    "hadolint": ("Dockerfile", "FROM debian:latest\nRUN cd /tmp && make\n"),
    "compose schema": ("compose.yaml", "services:\n  a:\n    image: b\n    memlimit: 1g\n"),
}


def test_every_linter_has_a_planted_fault() -> None:
    assert {*PLANTED, "imports"} == set(LINTERS)


@pytest.mark.parametrize("name", PLANTED)
def test_linter_finds_the_planted_fault(name: str, tmp_path: Path) -> None:
    file, content = PLANTED[name]
    (tmp_path / file).write_text(content, encoding="utf-8")
    done = LINTERS[name].run([tmp_path / file])
    assert done.returncode != 0
    assert file in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("grafana.dashboards", "prometheus.tests"),
        ("prometheus", "tests.support"),
        ("ops", "alertmanager"),
        ("loki", "orders"),
        ("observability", "orders"),
        ("sandbox", "config"),
    ],
)
def test_import_that_the_contracts_forbid_is_found(importer: str, imported: str, tmp_path: Path) -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    for package in [*contracts["root_packages"], "grafana.dashboards", "prometheus.tests", "tests.support"]:
        folder = tmp_path.joinpath(*package.split("."))
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()
    tmp_path.joinpath(*importer.split("."), "planted.py").write_text(f"import {imported}\n", encoding="utf-8")
    command = [str(BIN / "lint-imports"), "--no-cache", str(ROOT / "pyproject.toml")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert f"{importer}.planted -> {imported}" in done.stdout


@pytest.mark.parametrize("name", LINTERS)
def test_linter_has_files_to_look_at(name: str) -> None:
    assert LINTERS[name].targets()
