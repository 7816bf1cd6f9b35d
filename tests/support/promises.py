"""The rows of docs/operations/promises.md: what a red test means to whoever runs the stack, and where to look first."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# Not from ops, which tests/app doesn't have in the ERP's image.
ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "operations" / "promises.md"
ROW = re.compile(r"^\| (?P<text>[^|]+) \| (?P<proof>[^|]+) \| (?P<look_first>[^|]+) \|$", re.MULTILINE)
TESTED_BY = re.compile(r"`([\w/]+/test_\w+\.py)`")


@dataclass(frozen=True)
class Promise:
    text: str
    tests: tuple[str, ...]
    look_first: str

    def __str__(self) -> str:
        return f"Promised: {self.text}.\nLook first: {self.look_first}."


def proven() -> str:
    """The page's first table: the promises that have a test."""
    return PAGE.read_text(encoding="utf-8").partition("\n## Promised and proven\n")[2].partition("\n## ")[0]


@cache
def promises() -> tuple[Promise, ...]:
    rows = [row for row in ROW.finditer(proven()) if row["text"] != "Promise"]
    return tuple(Promise(row["text"], tuple(TESTED_BY.findall(row["proof"])), row["look_first"]) for row in rows)


def kept_by(file: str) -> list[Promise]:
    """The promises that the tests of this file keep, its path below the repository given."""
    return [promise for promise in promises() if file in promise.tests]
