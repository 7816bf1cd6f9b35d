"""From what the engine sends to lines, and from lines to what Promtail makes of them."""

import io
import struct

from logkeeper.engine import Container, Line, container, frames, is_collected, joined, stamp_of
from logkeeper.entries import MOST_LINES, entries

FIRST, SECOND = "2026-11-29T17:00:00.000000001Z", "2026-11-29T17:00:01.500000000Z"


def frame(stream: int, stamp: str, text: bytes) -> bytes:
    payload = stamp.encode() + b" " + text
    return struct.pack(">BxxxI", stream, len(payload)) + payload


def lines(*sent: bytes) -> list[Line]:
    return list(joined(frames(io.BytesIO(b"".join(sent)))))


def test_both_streams_are_told_apart() -> None:
    assert lines(frame(1, FIRST, b"out\n"), frame(2, SECOND, b"err\r\n")) == [
        Line(FIRST, "stdout", b"out"),
        Line(SECOND, "stderr", b"err"),
    ]


def test_a_long_line_is_one_whatever_comes_between_its_pieces() -> None:
    sent = (frame(1, FIRST, b"a" * 16384), frame(2, SECOND, b"err\n"), frame(1, FIRST, b"b\n"))
    assert lines(*sent) == [Line(SECOND, "stderr", b"err"), Line(FIRST, "stdout", b"a" * 16384 + b"b", 2)]


def test_an_empty_line_is_one() -> None:
    assert lines(frame(1, FIRST, b"\n")) == [Line(FIRST, "stdout", b"")]


def test_a_text_without_an_end_is_a_line_once_another_follows() -> None:
    assert lines(frame(1, FIRST, b"cut")) == []
    assert lines(frame(1, FIRST, b"cut"), frame(1, SECOND, b"new\n")) == [
        Line(FIRST, "stdout", b"cut"),
        Line(SECOND, "stdout", b"new"),
    ]


def statement(*texts: str) -> list[Line]:
    return [Line(f"{FIRST[:-3]}{number:02}Z", "stderr", text.encode()) for number, text in enumerate(texts)]


def test_a_statement_of_several_lines_is_one_entry_of_its_first_lines_time() -> None:
    found = list(entries(statement("2026-11-29 17:00:00 LOG: a", "\tb", "2026-11-29 17:00:01 LOG: c"), "postgres"))
    assert [(each.stamp, each.text) for each in found] == [
        (f"{FIRST[:-3]}00Z", b"2026-11-29 17:00:00 LOG: a\n\tb"),
        (f"{FIRST[:-3]}02Z", b"2026-11-29 17:00:01 LOG: c"),
    ]


def test_an_endless_statement_is_cut_as_promtail_cuts_it() -> None:
    texts = ["2026-11-29 17:00:00 LOG: a", *(["\tb"] * (2 * MOST_LINES))]
    assert [each.text.count(b"\n") + 1 for each in entries(statement(*texts), "postgres")] == [
        MOST_LINES,
        MOST_LINES,
        1,
    ]


def test_lines_before_the_first_of_an_entry_belong_to_one_that_isnt_here() -> None:
    assert list(entries(statement("\tb", "\tc"), "postgres")) == []
    assert len(list(entries(statement("\tb", "\tc"), ""))) == 2


def test_times_sort_as_texts() -> None:
    assert stamp_of(1_795_971_600_000_000_001) == FIRST
    assert stamp_of(1_795_971_600_000_000_001) < stamp_of(1_795_971_600_100_000_000)


def test_a_container_has_the_names_that_promtail_gives_its_lines() -> None:
    labels = {"observability.application": "shop", "observability.env": "test"}

    def of(**more: str) -> Container:
        return container({"Id": "1", "Names": ["/shop-web-1"], "Labels": labels | more})

    assert of().key == ("shop", "test", "shop-web-1")
    assert of(**{"com.docker.compose.service": "web"}).key == ("shop", "test", "web")
    both = {"com.docker.compose.service": "web", "observability.service": "front"}
    assert of(**both).key == ("shop", "test", "front")
    assert container({"Id": "1", "Names": ["/x"], "Labels": {"observability.application": "a"}}).key == ("a", "", "x")


def test_only_what_promtail_reads_is_accounted_for() -> None:
    shop = {"observability.application": "shop"}
    assert is_collected(shop, "erp-observability")
    assert not is_collected(shop, "staging")
    assert is_collected(shop | {"observability.stack": "staging"}, "staging")
    assert not is_collected(shop | {"observability.stack": "staging"}, "erp-observability")
    assert not is_collected(shop | {"observability.logs": "off"}, "erp-observability")
    assert not is_collected(shop | {"observability.env": "no name"}, "erp-observability")
    assert not is_collected({"observability.application": ""}, "erp-observability")


def test_beside_an_agent_only_the_applications_count_that_it_may_push() -> None:
    pushed = frozenset(("monitoring", "shop"))
    assert is_collected({"observability.application": "shop"}, "erp-observability", pushed)
    assert not is_collected({"observability.application": "crm"}, "erp-observability", pushed)
