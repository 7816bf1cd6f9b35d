"""Keeps what Loki has below a size: the oldest goes first, by Loki's own way of deleting.

Loki itself knows an age alone. What is deleted leaves the disk within the hour, so what is already given up isn't
counted a second time.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

EVERY = 300.0  # seconds
# moved: second names of chunks, while `make scale-out` copies them.
COUNTED_APART = {"chunks", "moved"}
FILLED_TO = 0.9  # of the size, after a deletion
UNITS = {"B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "TB": 1000**4}


class Chunk(NamedTuple):
    through: float
    """When its last line was written, in seconds."""
    size: int


@dataclass
class Store:
    """What is in Loki's folder, as it was when it was last looked at; sizes in bytes, times in seconds."""

    folder: Path
    cap: int
    delete: Callable[[int], None]
    size: int = 0
    given_up_until: int = 0
    looked: float = 0.0

    def step(self, now: float) -> None:
        """Look, and have the oldest deleted where there is too much; raises what `delete` raises."""
        if now - self.looked < EVERY:
            return
        chunks = sorted(found(self.folder / "chunks"))
        others = sum(each.size for each in files(self.folder) if not COUNTED_APART & {*each.path.parts})
        self.size = others + sum(each.size for each in chunks)
        self.looked = now
        left = [each for each in chunks if each.through > self.given_up_until]
        over = others + sum(each.size for each in left) - self.cap
        if over > 0 and (until := oldest(left, over + int(self.cap * (1 - FILLED_TO)))):
            self.delete(until)
            self.given_up_until = until


def oldest(chunks: list[Chunk], size: int) -> int:
    """Until when to delete, so that at least so many bytes go; 0: there is nothing. `chunks` begin with the oldest."""
    until = 0
    for chunk in chunks:
        if size <= 0:
            break
        until = int(chunk.through) + 1
        size -= chunk.size
    return until


class File(NamedTuple):
    path: Path
    size: int
    changed: float


def files(folder: Path) -> Iterator[File]:
    for path, _, names in os.walk(folder):
        for name in names:
            file = Path(path, name)
            try:
                told = file.stat()
            except FileNotFoundError:  # just deleted
                continue
            yield File(file, told.st_size, told.st_mtime)


def found(folder: Path) -> Iterator[Chunk]:
    for file in files(folder):
        yield Chunk(through(file.path.name) or file.changed, file.size)


def through(name: str) -> float:
    """Of a chunk's file: its name is base64 of first time, last time in milliseconds and checksum, each hexadecimal."""
    try:
        _, last, _ = base64.b64decode(name, validate=True).decode("ascii").split(":")
        return int(last, 16) / 1000
    except (binascii.Error, ValueError):
        return 0.0


def bytes_of(text: str) -> int:
    """Of a size such as 8GB."""
    unit = next(unit for unit in ("KB", "MB", "GB", "TB", "B") if text.endswith(unit))
    return int(text.removesuffix(unit)) * UNITS[unit]
