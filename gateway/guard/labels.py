"""Reads the labels of everything in a pushed body, as Prometheus and Loki will read them.

What the two could read in another way than this module is refused: labels and keys that come twice, keys that aren't
known, other spellings of a stream's labels.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import cramjam
from google.protobuf.message import DecodeError

from gateway.guard.agents import Agent
from gateway.guard.messages import PushRequest, WriteRequest

UNPACKED_BYTES = 32 * 1024 * 1024
_PAIR = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\.)*"'
_STREAM = re.compile(rf"\{{\s*{_PAIR}(?:\s*,\s*{_PAIR})*\s*\}}")
_PARTS = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\.)*)"')

_METRICS = ("application/x-protobuf", "application/x-protobuf;proto=prometheus.WriteRequest")

Labels = dict[str, str]


class Refused(Exception):
    """A push that isn't passed on: the answer's status, the reason as it is counted, a sentence, and whose it is."""

    host = ""

    def __init__(self, status: int, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.reason = reason


def check(found: Iterable[Labels], agent: Agent) -> None:
    for labels in found:
        host, application = labels.get("host"), labels.get("application")
        if host != agent.host:
            raise Refused(403, "other_host", f"Found host={host!r}, expected {agent.host!r}, whose token this is.")
        if application not in agent.applications:
            allowed = ", ".join(sorted(agent.applications))
            raise Refused(
                403,
                "other_application",
                f"Found application={application!r}, expected one of {allowed}, as the token of {host} has them.",
            )


def of_metrics(body: bytes, content_type: str) -> Iterator[Labels]:
    """Of a remote write 1.0: the second version has its labels elsewhere."""
    if content_type.replace(" ", "") not in _METRICS:
        raise _unreadable(
            415, f"Found Content-Type {content_type!r}, expected remote write 1.0: application/x-protobuf."
        )
    for series in _parsed(WriteRequest(), _unpacked(body)).timeseries:
        yield _unique((label.name, label.value) for label in series.labels)


def of_lines(body: bytes, content_type: str) -> Iterator[Labels]:
    if content_type.partition(";")[0].strip() == "application/json":
        return _of_json(body)
    if content_type == "application/x-protobuf":
        return (_of_text(stream.labels) for stream in _parsed(PushRequest(), _unpacked(body)).streams)
    expected = "application/x-protobuf (packed with snappy) or application/json"
    raise _unreadable(415, f"Found Content-Type {content_type!r}, expected {expected}.")


def _unpacked(body: bytes) -> bytes:
    try:
        size = cramjam.snappy.decompress_raw_len(body)
        if size > UNPACKED_BYTES:
            raise Refused(413, "too_large", f"Found {size} bytes unpacked, expected at most {UNPACKED_BYTES}.")
        return bytes(cramjam.snappy.decompress_raw(body))
    except cramjam.DecompressionError as error:
        raise _unreadable(400, f"Found a body that snappy can't unpack: {error}.") from None


def _parsed(message: Any, unpacked: bytes) -> Any:
    try:
        message.ParseFromString(unpacked)
    except DecodeError as error:
        raise _unreadable(400, f"Found a body that is no such protobuf message: {error}.") from None
    return message


def _unique(pairs: Iterable[tuple[str, str]]) -> Labels:
    labels: Labels = {}
    for name, value in pairs:
        if name in labels:
            raise _unreadable(400, f"Found the label {name!r} twice in one set, expected it once.")
        labels[name] = value
    return labels


def _of_text(text: str) -> Labels:
    """A value with a backslash stays as it is written: none of an agent's own labels has one."""
    if not _STREAM.fullmatch(text):
        raise _unreadable(400, f'Found a stream {text[:200]!r}, expected labels of the form {{host="web-2"}}.')
    return _unique(_PARTS.findall(text))


def _of_json(body: bytes) -> Iterator[Labels]:
    try:
        document = json.loads(body, object_pairs_hook=_unique_keys)
    except (ValueError, RecursionError) as error:
        raise _unreadable(400, f"Found a body that is no JSON: {error}.") from None
    # Loki's parser takes any case of a key's letters.
    streams = document["streams"] if isinstance(document, dict) and document.keys() == {"streams"} else None
    if not isinstance(streams, list):
        raise _unreadable(400, "Found another document, expected an object with the one key streams, a list.")
    for stream in streams:
        if not isinstance(stream, dict) or stream.keys() != {"stream", "values"}:
            raise _unreadable(400, "Found another stream, expected an object with the keys stream and values.")
        labels = stream["stream"]
        if not isinstance(labels, dict) or not all(isinstance(value, str) for value in labels.values()):
            raise _unreadable(400, "Found other labels, expected an object of texts.")
        yield labels


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key comes twice")
    return found


def _unreadable(status: int, sentence: str) -> Refused:
    return Refused(status, "unreadable", sentence)
