"""Results kept in a JSON file under the digest of what they were made from: what hasn't changed needn't run again.

A row is stale when its inputs are others now. A row carries a digest of itself too, so that an edit by hand shows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ops import recipes
from ops.paths import ROOT

Row = dict[str, Any]


def digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def prometheus_version() -> str:
    """The version of promtool: with another one, every result counts as stale."""
    return recipes.recipes()["prometheus"].version


@dataclass(frozen=True)
class Record:
    """`command` writes the file anew, by running only what is stale."""

    path: Path
    command: str

    def rows(self) -> dict[str, Row]:
        return dict(json.loads(self.path.read_text(encoding="utf-8"))) if self.path.exists() else {}

    def current(self, inputs: Mapping[str, str]) -> dict[str, Row]:
        """The rows whose inputs have not changed and that were not edited by hand."""
        rows = self.rows()
        return {name: rows[name] for name in inputs if name in rows and not _fault(rows[name], inputs[name])}

    def faults(self, inputs: Mapping[str, str]) -> list[str]:
        """What is wrong with the committed file, each with the command that puts it right."""
        rows = self.rows()
        found = {name: _fault(rows[name], inputs[name]) if name in rows else "has no row" for name in inputs}
        found |= {name: "has a row, but is there no more" for name in rows if name not in inputs}
        return [
            f"{self.path.relative_to(ROOT)}: {name} {fault}. Run `{self.command}` and commit what it writes."
            for name, fault in found.items()
            if fault
        ]

    def write(self, rows: Mapping[str, Row], inputs: Mapping[str, str]) -> None:
        sealed = {name: _sealed({**rows[name], "inputs": inputs[name]}) for name in inputs if name in rows}
        self.path.write_text(json.dumps(sealed, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _sealed(row: Row) -> Row:
    values = {name: value for name, value in row.items() if name != "row"}
    return {**values, "row": digest(values)}


def _fault(row: Row, inputs: str) -> str:
    if row != _sealed(row):
        return "was edited by hand: the digest of its row doesn't match"
    if row["inputs"] != inputs:
        return "has changed since its result was recorded, or what it is tested with has"
    return ""
