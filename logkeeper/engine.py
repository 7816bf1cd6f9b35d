"""Docker's API as the socket proxy lets it be read: whose containers run, and which lines they have written.

An engine that is asked for lines up to now reads all of its files, rotated ones included. One that is asked to follow,
as by Promtail, skips a file that rotates while the one before is still being read.
"""

from __future__ import annotations

import http.client
import json
import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Any, NamedTuple
from urllib.parse import quote

TIMEOUT = 60.0
PREFIX = "observability."
FIRST_STACK = "erp-observability"
# As Promtail has it: it leaves out a container whose name, env or service is another text.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
STREAMS = {1: "stdout", 2: "stderr"}
HEADER = struct.Struct(">BxxxI")
NANOSECONDS = 1_000_000_000
STAMP_LENGTH = len("2026-01-01T00:00:00.000000000Z")

Key = tuple[str, str, str]
"""Application, env and service, as Promtail labels the lines."""


class Line(NamedTuple):
    stamp: str
    """RFC 3339 with nine digits, so that texts sort as times do."""
    stream: str
    text: bytes
    pieces: int = 1
    """In so many Docker keeps it."""


class GoneError(Exception):
    """The container was removed, and its lines with it."""


@dataclass(frozen=True)
class Container:
    id: str
    key: Key
    log_format: str
    runs_once: bool = False


class Engine:
    def __init__(self, address: str, project: str, applications: frozenset[str] | None = None) -> None:
        """`applications`: whose lines alone Promtail collects, as beside an agent; None: everybody's."""
        self._address = address
        self._project = project
        self._applications = applications

    def containers(self, *, ended: bool = False) -> list[Container]:
        """Those whose lines Promtail collects and that run; with `ended` also those that have ended."""
        filters = quote(json.dumps({"label": [f"{PREFIX}application"]}))
        with self._get(f"/containers/json?all={int(ended)}&filters={filters}") as answer:
            found = json.load(answer)
        return [container(each) for each in found if is_collected(each["Labels"], self._project, self._applications)]

    def lines(self, one: Container, since: int, tail: int | None = None) -> Iterator[Line]:
        """The lines from `since` on, in nanoseconds, in the order in which they were written; at most the last `tail`.

        A text that no line break has ended yet is no line.
        """
        window = f"since={since // NANOSECONDS}.{since % NANOSECONDS:09d}&tail={'all' if tail is None else tail}"
        with self._get(f"/containers/{one.id}/json") as answer:
            tty = bool(json.load(answer)["Config"]["Tty"])
        with self._get(f"/containers/{one.id}/logs?stdout=1&stderr=1&timestamps=1&{window}") as answer:
            yield from joined((("stdout", text) for text in answer) if tty else frames(answer))

    def _get(self, path: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(self._address, timeout=TIMEOUT)
        connection.request("GET", path, headers={"Host": "docker", "Connection": "close"})
        answer = connection.getresponse()
        if answer.status in (http.client.NOT_FOUND, http.client.CONFLICT):
            raise GoneError(path)
        if answer.status != http.client.OK:
            raise OSError(f"Docker's API answers {path} with {answer.status}; expected 200.")
        return answer


def is_collected(labels: Mapping[str, str], project: str, applications: frozenset[str] | None = None) -> bool:
    names = [labels.get(f"{PREFIX}{name}", "") for name in ("application", "env", "service")]
    are_names = bool(names[0]) and all(NAME.fullmatch(name) for name in names if name)
    mine = labels.get(f"{PREFIX}stack") or FIRST_STACK
    may_be_sent = applications is None or names[0] in applications
    return are_names and may_be_sent and mine == project and labels.get(f"{PREFIX}logs") != "off"


def container(listed: Mapping[str, Any]) -> Container:
    labels = listed["Labels"]
    service = labels.get(f"{PREFIX}service") or labels.get("com.docker.compose.service") or listed["Names"][0][1:]
    key = (labels[f"{PREFIX}application"], labels.get(f"{PREFIX}env", ""), service)
    runs_once = labels.get(f"{PREFIX}once") == "on"
    return Container(listed["Id"], key, labels.get(f"{PREFIX}log-format", ""), runs_once)


def frames(answer: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    """The pieces of a stream in which stdout and stderr are mixed."""
    while len(header := answer.read(HEADER.size)) == HEADER.size:
        stream, size = HEADER.unpack(header)
        yield STREAMS.get(stream, "stdout"), answer.read(size)


def joined(pieces: Iterator[tuple[str, bytes]]) -> Iterator[Line]:
    """Whole lines. Docker cuts a long one every 16 KiB; its pieces have the same time."""
    begun: dict[str, tuple[str, list[bytes]]] = {}
    for stream, piece in pieces:
        stamp, text = piece[:STAMP_LENGTH].decode("ascii", "replace"), piece[STAMP_LENGTH + 1 :]
        first, parts = begun.pop(stream, (stamp, []))
        if parts and first != stamp:  # ended without a line break, by the end of its process
            yield Line(first, stream, b"".join(parts), len(parts))
            parts = []
        if text.endswith(b"\n"):
            yield Line(stamp, stream, b"".join([*parts, text]).rstrip(b"\r\n"), len(parts) + 1)
        else:
            begun[stream] = (stamp, [*parts, text])


def stamp_of(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, NANOSECONDS)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def nanoseconds(stamp: str) -> int:
    return int(datetime.fromisoformat(f"{stamp[:19]}+00:00").timestamp()) * NANOSECONDS + int(stamp[20:29])
