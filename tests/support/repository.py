"""The files of this repository as git sees them: tracked, or new and not ignored."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ops.paths import ROOT
from tests.support.stack import run


def files(*patterns: str) -> list[Path]:
    """The files that match one of the patterns (`*.py`, `Makefile`); all of them without a pattern."""
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", folder=ROOT).split("\0")
    paths = [ROOT / name for name in listed if name]
    return [
        path
        for path in sorted(paths)
        if path.is_file() and (not patterns or any(path.match(pattern) for pattern in patterns))
    ]


def texts(*patterns: str) -> dict[Path, str]:
    """The content of each file that is UTF-8 text, by its path."""
    found = {}
    for path in files(*patterns):
        with _listed(path):
            content = path.read_bytes()
            if b"\0" not in content:
                found[path.relative_to(ROOT)] = content.decode("utf-8")
    return found


def copy_files(folder: Path, *, below: Path = ROOT) -> None:
    """Copy what lies below a folder of this repository to the same place below `folder`."""
    for path in files():
        if path.is_relative_to(below):
            target = folder / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            with _listed(path):
                shutil.copy2(path, target)


@contextmanager
def _listed(path: Path) -> Iterator[None]:
    """Around the use of a listed file: another test's may have gone since; one that git tracks has to be there."""
    try:
        yield
    except FileNotFoundError:
        if run("git", "ls-files", "--", str(path), folder=ROOT):
            raise
