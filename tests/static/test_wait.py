"""Waiting ends as soon as it can, never later than its deadline, and says what it saw last."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.wait import NotSeenError, eventually, stays


def one_after_another(*values: int) -> Callable[[], int]:
    left: Iterator[int] = iter(values)
    return lambda: next(left)


def test_what_is_awaited_is_returned_as_soon_as_it_is_there() -> None:
    assert eventually(one_after_another(1, 2, 3), "two", 5, until=lambda n: n == 2, interval=0.01) == 2


def test_what_does_not_come_fails_with_what_was_seen_last() -> None:
    with pytest.raises(NotSeenError, match=r"Awaited a pony for .* of 0 s .*Last seen: value 0"):
        eventually(lambda: 0, "a pony", 0.05, interval=0.01)


def test_a_defect_of_the_test_is_not_awaited_away() -> None:
    with pytest.raises(ZeroDivisionError):
        eventually(lambda: 1 // 0, "nothing", 5, interval=0.01)


def test_what_changes_fails_at_once() -> None:
    with pytest.raises(NotSeenError, match="Expected that it is one for 5 s"):
        stays(one_after_another(1, 1, 2), "it is one", 5, until=lambda n: n == 1, interval=0.01)
