"""Waiting ends as soon as it can, never later than its deadline, and says what it saw last."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from tests.support.wait import NotSeenError, eventually, stays


def one_after_another(*values: int) -> Callable[[], int]:
    left: Iterator[int] = iter(values)
    return lambda: next(left)


def refuse() -> int:
    raise ValueError("not a number yet")


def test_value_is_returned_as_soon_as_it_is_there() -> None:
    assert eventually(one_after_another(0, 0, 3), "three", 5, interval=0.01) == 3


def test_condition_decides_what_is_awaited() -> None:
    assert eventually(one_after_another(1, 2, 3), "two", 5, until=lambda n: n == 2, interval=0.01) == 2


def test_failure_names_what_was_awaited_and_last_seen() -> None:
    with pytest.raises(NotSeenError, match=r"Awaited a pony for .* of 0 s .*Last seen: value 0"):
        eventually(lambda: 0, "a pony", 0.05, interval=0.01)


def test_failure_names_the_last_error() -> None:
    with pytest.raises(NotSeenError, match="Last seen: ValueError: not a number yet"):
        eventually(refuse, "a number", 0.05, interval=0.01)


def test_a_defect_of_the_test_is_not_awaited_away() -> None:
    with pytest.raises(ZeroDivisionError):
        eventually(lambda: 1 // 0, "nothing", 5, interval=0.01)


def test_waiting_ends_at_its_deadline() -> None:
    started = time.monotonic()
    with pytest.raises(NotSeenError):
        eventually(lambda: 0, "nothing", 0.2, interval=0.05)
    assert time.monotonic() - started < 1


def test_what_stays_is_returned() -> None:
    assert stays(lambda: 7, "seven", 0.05, until=lambda n: n == 7, interval=0.01) == 7


def test_what_changes_fails_at_once() -> None:
    with pytest.raises(NotSeenError, match="Expected that it is one for 5 s"):
        stays(one_after_another(1, 1, 2), "it is one", 5, until=lambda n: n == 1, interval=0.01)
