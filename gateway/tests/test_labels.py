"""What an agent may push, and what it may not: by its labels, and by how a body is written."""

import json

import cramjam
import pytest

from gateway.guard import labels
from gateway.guard.agents import Agent
from gateway.guard.labels import Refused
from gateway.tests.bodies import lines, packed, remote_write

AGENT = Agent("web-2", frozenset({"shop", "monitoring"}))
PROTOBUF, JSON = "application/x-protobuf", "application/json"
OWN = {"__name__": "up", "host": "web-2", "application": "shop"}


def refused_metrics(body: bytes, content_type: str = PROTOBUF) -> tuple[int, str]:
    with pytest.raises(Refused) as caught:
        labels.check(labels.of_metrics(body, content_type), AGENT)
    return caught.value.status, caught.value.reason


def refused_lines(body: bytes, content_type: str = PROTOBUF) -> tuple[int, str]:
    with pytest.raises(Refused) as caught:
        labels.check(labels.of_lines(body, content_type), AGENT)
    return caught.value.status, caught.value.reason


def document(**changed: object) -> bytes:
    stream = {"stream": {"host": "web-2", "application": "shop"}, "values": [["1", "a line"]]} | changed
    return json.dumps({"streams": [stream]}).encode()


def test_own_series_and_lines_pass() -> None:
    labels.check(labels.of_metrics(remote_write((OWN, 1), (OWN | {"application": "monitoring"}, 2)), PROTOBUF), AGENT)
    labels.check(labels.of_lines(lines('{application="shop", host="web-2", x="a\\"}, b"}', "a line"), PROTOBUF), AGENT)
    labels.check(labels.of_lines(document(), f"{JSON}; charset=utf-8"), AGENT)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"host": "web-3"}, "other_host"),
        ({"host": ""}, "other_host"),
        ({"host": None}, "other_host"),
        ({"application": "crm"}, "other_application"),
        ({"application": None}, "other_application"),
    ],
)
def test_anothers_labels_are_refused_wherever_they_stand(changed: dict[str, str | None], reason: str) -> None:
    other = {name: value for name, value in (OWN | changed).items() if value is not None}
    assert refused_metrics(remote_write((OWN, 1), (other, 1), (OWN, 2))) == (403, reason)
    del other["__name__"]
    text = ", ".join(f'{name}="{value}"' for name, value in other.items())
    assert refused_lines(lines(f"{{{text}}}" if text else "{}", "a line")) == (403, reason)
    assert refused_lines(document(stream=other), JSON) == (403, reason)


@pytest.mark.parametrize(
    "text",
    [
        '{host="web-2", host="web-3", application="shop"}',
        '{host=`web-3`, application="shop"}',
        '{host="web-2", application="shop"} {host="web-3"}',
        '{host="web-2", application="shop",}',
        '{host="web-2" application="shop"}',
        'host="web-2", application="shop"',
        '{host="web-2\n", application="shop"}',
        "",
    ],
)
def test_labels_of_a_stream_are_written_in_one_way(text: str) -> None:
    assert refused_lines(lines(text, "a line")) == (400, "unreadable")


def test_a_value_with_a_backslash_is_no_hosts_name() -> None:
    assert refused_lines(lines('{host="web\\x2d2", application="shop"}', "a line")) == (403, "other_host")


@pytest.mark.parametrize(
    "body",
    [
        b'{"streams": [], "streams": []}',
        b'{"Streams": []}',
        b'{"streams": [], "Streams": []}',
        b'{"streams": {}}',
        b'{"streams": ["x"]}',
        b"[]",
        b"{",
        b"[" * 100_000,
        document(Stream={"host": "web-3"}),
        document(stream={"host": 2}),
        document().replace(b'"host"', b'"host": "web-3", "host"'),
    ],
)
def test_json_that_can_be_read_in_two_ways_is_refused(body: bytes) -> None:
    assert refused_lines(body, JSON) == (400, "unreadable")


def test_a_series_with_a_label_twice_is_refused() -> None:
    body = bytes(cramjam.snappy.decompress_raw(remote_write((OWN | {"hose": "web-3"}, 1))))
    assert refused_metrics(packed(body.replace(b"\x04hose", b"\x04host"))) == (400, "unreadable")


@pytest.mark.parametrize("body", [b"", b"hello", packed(b"\xff\xff\xff"), packed(b"\x0a\x05ab")])
def test_what_is_no_message_is_refused(body: bytes) -> None:
    assert refused_metrics(body) == (400, "unreadable")
    assert refused_lines(body) == (400, "unreadable")


def test_a_small_body_that_unpacks_to_a_large_one_is_refused_before_it_does() -> None:
    bomb = packed(bytes(labels.UNPACKED_BYTES + 1))
    assert len(bomb) < 2_000_000
    assert refused_metrics(bomb) == (413, "too_large")
    assert refused_lines(bomb) == (413, "too_large")


@pytest.mark.parametrize("kind", ["", "text/plain", f"{PROTOBUF};proto=io.prometheus.write.v2.Request"])
def test_the_second_remote_write_and_other_types_are_refused(kind: str) -> None:
    assert refused_metrics(remote_write((OWN, 1)), kind) == (415, "unreadable")
    assert refused_lines(document(), kind) == (415, "unreadable")
