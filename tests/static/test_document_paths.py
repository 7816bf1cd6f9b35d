"""The documents name only files and folders that exist."""

from __future__ import annotations

import re

import pytest

from ops.paths import ROOT, SECRETS

PATH = re.compile(r"`([\w-]+/[\w./*-]*)`")
DOCUMENTS = (
    *("README.md", "SECURITY.md", "docs/architecture.md", "docs/glossary.md", "docs/operations/promises.md"),
    *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs" / "decisions").glob("*.md"))),
)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_document_names_only_paths_that_exist(name: str) -> None:
    parts = {path.name for path in ROOT.iterdir() if path.is_dir()} - {SECRETS.name, ".local"}
    named = {path for path in PATH.findall((ROOT / name).read_text("utf-8")) if path.partition("/")[0] in parts}
    assert [path for path in sorted(named) if not list(ROOT.glob(path.rstrip("/")))] == []


def test_paths_are_found() -> None:
    assert "prometheus/rules/*.yml" in PATH.findall((ROOT / "docs" / "architecture.md").read_text("utf-8"))
