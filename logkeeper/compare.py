"""`python3 -m logkeeper.compare FROM TO [SERVICE]`: Docker's files and Loki, line by line; 1 where lines are missing.

Reads both in the order of time, piece by piece, so that it needs no more memory for a day than for a minute.
"""

from __future__ import annotations

import heapq
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby

from logkeeper.engine import NANOSECONDS, Container, Engine, GoneError, Key, Line, nanoseconds, stamp_of
from logkeeper.entries import entries
from logkeeper.loki import Loki, LokiError

SLICE = 60 * NANOSECONDS
MOST = 20_000  # lines of a slice, but for the last tenth of a second's
SLACK = NANOSECONDS // 10  # stdout and stderr are written side by side
SHOWN = 3
LONGEST = 256 * 1024  # Loki shortens what is longer
AGO = re.compile(r"(\d+)([smhd])")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass
class Result:
    written: int = 0
    missing: int = 0
    doubled: int = 0
    unknown: int = 0
    """Loki has them, and no container that is still there wrote them."""
    examples: list[str] = field(default_factory=list)

    def add(self, written: Iterable[Line], stored: Iterable[Line]) -> None:
        left = Counter(written)
        self.written += left.total()
        for line in stored:
            if line not in left:
                self.unknown += 1
            elif left[line] == 0:
                self.doubled += 1
            else:
                left[line] -= 1
        self.missing += left.total()
        for line in sorted(+left)[: SHOWN - len(self.examples)]:
            self.examples.append(f"{line.stamp} {line.stream} {line.text[:120].decode(errors='replace')}")


def compare(engine: Engine, loki: Loki, key: Key, containers: list[Container], begin: int, end: int) -> Result:
    """The lines after `begin` until `end`, in nanoseconds, of all containers of one service."""
    result = Result()
    streams = [of(engine, each, begin) for each in containers]
    lines = heapq.merge(*streams, key=lambda line: line.stamp)
    for first, last, written in slices(lines, begin, end):
        result.add(map(plain, written), map(plain, loki.lines(key, first, last)))
    return result


def slices(lines: Iterator[Line], begin: int, end: int) -> Iterator[tuple[int, int, list[Line]]]:
    """After when, until when, and the lines of that time: of a minute, or as many as fit into memory."""
    first, waiting = begin, list[Line]()
    for line in lines:
        waiting.append(line)
        at = nanoseconds(line.stamp)
        last = min(at - SLACK, end)
        if last > first and (len(waiting) >= MOST or at - first > SLICE):
            yield first, last, [each for each in waiting if first < nanoseconds(each.stamp) <= last]
            first, waiting = last, [each for each in waiting if nanoseconds(each.stamp) > last]
        if at > end + SLACK:
            break
    if first < end:
        yield first, end, [each for each in waiting if first < nanoseconds(each.stamp) <= end]


def of(engine: Engine, container: Container, begin: int) -> Iterator[Line]:
    try:
        yield from entries(engine.lines(container, begin), container.log_format)
    except GoneError:
        return


def plain(line: Line) -> Line:
    """As both sides have it. What is no UTF-8 becomes a mark on its way."""
    return Line(line.stamp, line.stream, line.text[:LONGEST].decode(errors="replace").encode())


def moment(text: str, now: int) -> int:
    """A time such as 2026-11-29T17:00:00Z, or a time ago such as 10m, in nanoseconds."""
    if ago := AGO.fullmatch(text):
        return now - int(ago[1]) * UNITS[ago[2]] * NANOSECONDS
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        sys.exit(f"Found {text!r}; expected a time such as 2026-11-29T17:00:00Z, or how long ago, such as 10m.")
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()) * NANOSECONDS


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


def main(begin: str = "11m", end: str = "1m", service: str = "") -> int:
    now = time.time_ns()
    first, last = moment(begin or "11m", now), moment(end or "1m", now)
    if first >= last:
        sys.exit(
            f"FROM={begin or '11m'} is {stamp_of(first)} and TO={end or '1m'} is {stamp_of(last)}: expected FROM to be "
            "the earlier one, such as FROM=1h TO=1m."
        )
    try:
        return audit(
            Engine(os.environ["DOCKER_API"], os.environ["PROJECT"]), Loki(os.environ["LOKI"]), first, last, service
        )
    except LokiError as error:
        sys.exit(f"{error}. Nothing can be said of the lines that follow; `make status` shows Loki.")


def audit(engine: Engine, loki: Loki, begin: int, end: int, service: str) -> int:
    """Prints a row for each service, or for one; 1 where its lines are missing or there twice.

    What is missing of a service that runs once is no fault: Promtail may not find what lives for seconds.
    """
    found = sorted(engine.containers(ended=True), key=lambda each: each.key)
    known = sorted({each.key[2] for each in found})
    if service not in ("", *known):
        sys.exit(f"SERVICE={service} has no container here; expected one of {', '.join(known)}.")
    bad, excused = 0, list[str]()
    say(f"Lines after {stamp_of(begin)} until {stamp_of(end)}:")
    say(f"{'application/env/service':50} {'written':>9} {'missing':>9} {'doubled':>9} {'unknown':>9}")
    for key, group in groupby(found, key=lambda each: each.key):
        if service in ("", key[2]):
            containers = list(group)
            result = compare(engine, loki, key, containers, begin, end)
            bad += result.doubled
            if all(each.runs_once for each in containers):
                excused += [key[2]] if result.missing else []
            else:
                bad += result.missing
            say(f"{'/'.join(key):50} {result.written:9} {result.missing:9} {result.doubled:9} {result.unknown:9}")
            for example in result.examples:
                say(f"    missing: {example}")
    say("Unknown lines are of containers that are no longer there.")
    if excused:
        names = ", ".join(excused)
        say(f"No fault: {names} runs once and may have ended before Promtail found it; Docker has its lines.")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
