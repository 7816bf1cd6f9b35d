"""What Promtail makes of lines: one entry of each, but of PostgreSQL's one of all lines of a statement."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from logkeeper.engine import Line

# As in promtail/promtail.yml, with the number of lines after which Promtail begins another entry.
FIRST_LINE = re.compile(rb"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}")
MOST_LINES = 128


def entries(lines: Iterable[Line], log_format: str) -> Iterator[Line]:
    """A line without the one with which its entry began, as at the start of a window, is none."""
    if log_format != "postgres":
        yield from lines
        return
    begun: dict[str, tuple[str, list[bytes]]] = {}
    for line in lines:
        if FIRST_LINE.match(line.text):
            yield from whole(begun, line.stream)
            begun[line.stream] = (line.stamp, [line.text])
        elif line.stream in begun:
            begun[line.stream][1].append(line.text)
        if line.stream in begun and len(begun[line.stream][1]) == MOST_LINES:
            yield from whole(begun, line.stream)
    for stream in begun:
        yield from whole(begun, stream)


def whole(begun: dict[str, tuple[str, list[bytes]]], stream: str) -> Iterator[Line]:
    """The entry of the lines so far; those that follow have the time of the same first line."""
    stamp, texts = begun.get(stream, ("", []))
    if texts:
        yield Line(stamp, stream, b"\n".join(texts))
        texts.clear()
