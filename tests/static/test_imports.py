"""The import contracts of pyproject.toml find what they forbid; `make lint` holds the repository to them."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest

from ops.paths import ROOT
from tests.lint import BIN

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("grafana.dashboards", "prometheus.tests"),
        ("prometheus", "tests.support"),
        ("ops", "alertmanager"),
        ("loki", "orders"),
        ("django_o11y", "orders"),
        ("sandbox", "config"),
    ],
)
def test_import_that_the_contracts_forbid_is_found(importer: str, imported: str, tmp_path: Path) -> None:
    for package in [*CONTRACTS["root_packages"], "grafana.dashboards", "prometheus.tests", "tests.support"]:
        folder = tmp_path.joinpath(*package.split("."))
        folder.mkdir(parents=True)
        (folder / "__init__.py").touch()
    tmp_path.joinpath(*importer.split("."), "planted.py").write_text(f"import {imported}\n", encoding="utf-8")
    command = [str(BIN / "lint-imports"), "--no-cache", str(ROOT / "pyproject.toml")]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    assert f"{importer}.planted -> {imported}" in done.stdout
