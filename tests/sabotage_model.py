"""What a sabotage is: one change of one file, and the tests that must notice."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sabotage:
    """`before` becomes `after` wherever it stands in `file`; a file that isn't there becomes `after`."""

    what: str
    file: str
    before: str
    after: str
    turns_red: tuple[str, ...]

    def broken(self, text: str) -> str:
        """The file's text after the sabotage; LookupError when it no longer holds what was to be changed."""
        if self.before not in text:
            raise LookupError(f"{self.file} doesn't hold {self.before!r} any more. Correct tests/sabotages.py.")
        return text.replace(self.before, self.after) if text else self.after
