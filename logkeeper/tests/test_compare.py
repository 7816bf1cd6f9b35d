"""Docker's lines and Loki's, compared one by one."""

from collections.abc import Iterator

import pytest

from logkeeper import compare
from logkeeper.compare import Result, moment, slices
from logkeeper.engine import NANOSECONDS, Container, Engine, Key, Line, nanoseconds, stamp_of
from logkeeper.loki import Loki, LokiError

NOW = 1_795_971_600 * NANOSECONDS


def line(text: str, at: float = 0.0, stream: str = "stdout") -> Line:
    return Line(stamp_of(NOW + int(at * NANOSECONDS)), stream, text.encode())


def test_each_kind_is_counted() -> None:
    result = Result()
    written = [line("a"), line("b", 1), line("c", 2), line("c", 2)]
    result.add(written, [line("a"), line("a"), line("c", 2), line("d", 3)])
    assert (result.written, result.missing, result.doubled, result.unknown) == (4, 2, 1, 1)
    assert result.examples == [f"{stamp_of(NOW + NANOSECONDS)} stdout b", f"{stamp_of(NOW + 2 * NANOSECONDS)} stdout c"]


def test_the_same_text_at_another_time_or_of_another_stream_is_another_line() -> None:
    result = Result()
    result.add([line("a")], [line("a", 0.000001), line("a", stream="stderr")])
    assert (result.missing, result.unknown) == (1, 2)


@pytest.mark.parametrize("most", [1, 3, 1000])
def test_slices_have_every_line_once_and_leave_no_time_out(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare, "MOST", most)
    times = [0.0, 0.05, 0.5, 0.45, 70.0, 70.2, 200.0, 200.1, 299.9, 301.0]
    lines = [line(str(number), at) for number, at in enumerate(times)]
    found = list(slices(iter(lines), NOW - 1, NOW + 300 * NANOSECONDS))
    assert [text for _, _, part in found for _, _, text, _ in part] == [each.text for each in lines[:-1]]
    ends = [(first, last) for first, last, _ in found]
    assert (ends[0][0], ends[-1][1]) == (NOW - 1, NOW + 300 * NANOSECONDS)
    assert [last for _, last in ends[:-1]] == [first for first, _ in ends[1:]]


def test_of_nothing_written_the_whole_time_is_one_slice() -> None:
    nothing: Iterator[Line] = iter(())
    assert list(slices(nothing, 1, 2)) == [(1, 2, [])]


def test_a_time_is_a_moment_or_ago() -> None:
    assert moment("10m", NOW) == NOW - 600 * NANOSECONDS
    assert moment(stamp_of(NOW)[:19] + "Z", 0) == moment(stamp_of(NOW)[:19], 0) == NOW
    assert nanoseconds(stamp_of(NOW + 7)) == NOW + 7
    with pytest.raises(SystemExit, match="expected a time such as"):
        moment("yesterday", NOW)


def test_a_time_after_its_end_is_refused() -> None:
    with pytest.raises(SystemExit, match="expected FROM to be the earlier one, such as FROM=1h TO=1m"):
        compare.main("1m", "1h")


class NoEngine(Engine):
    def containers(self, *, ended: bool = False) -> list[Container]:
        return []


def test_a_service_that_is_not_there_is_refused() -> None:
    with pytest.raises(SystemExit, match="SERVICE=nope has no container here"):
        compare.audit(NoEngine("nowhere:1", ""), Loki("nowhere:1"), 1, 2, "nope")


class Written(Engine):
    """A container that has written one line."""

    def __init__(self, *, runs_once: bool) -> None:
        super().__init__("nowhere:1", "")
        self._container = Container("1", ("erp", "sandbox", "erp-migrate"), "", runs_once)

    def containers(self, *, ended: bool = False) -> list[Container]:
        return [self._container]

    def lines(self, one: Container, since: int, tail: int | None = None) -> Iterator[Line]:
        yield line("migrated")


class Empty(Loki):
    def lines(self, key: Key, begin: int, end: int) -> Iterator[Line]:
        return iter(())


@pytest.mark.parametrize("runs_once", [True, False])
def test_what_promtail_cannot_find_in_time_is_shown_and_no_fault(
    runs_once: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    window = NOW - NANOSECONDS, NOW + NANOSECONDS
    status = compare.audit(Written(runs_once=runs_once), Empty("nowhere:1"), *window, "")
    said = capsys.readouterr().out
    assert (status, "stdout migrated" in said) == (int(not runs_once), True)
    assert ("No fault: erp-migrate runs once" in said) is runs_once


def test_a_loki_that_does_not_answer_is_a_sentence() -> None:
    with pytest.raises(LokiError, match="Loki doesn't answer"):
        list(Loki("127.0.0.1:1").lines(("shop", "", "web"), 1, 2))
