"""Which containers are read, how far back, and what becomes of those that end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from logkeeper.account import Account
from logkeeper.engine import NANOSECONDS, Container, Engine, GoneError, Key, Line, stamp_of
from logkeeper.watch import FIRST_TAIL, Watch

KEY: Key = ("shop", "test", "web")
START = 1_795_971_600 * NANOSECONDS


class Machine(Engine):
    """Containers that write a number of lines a second from their begin to their end, in seconds."""

    def __init__(self, **lives: tuple[int, int, int]) -> None:
        super().__init__("nowhere", "erp-observability")
        self.lives = lives
        self.now = 0
        self.kept = 0
        """So many lines are there, if not all."""
        self.removed: set[str] = set()
        self.asked: list[int | None] = []

    def containers(self, *, ended: bool = False) -> list[Container]:
        return [Container(name, KEY, "") for name, (begin, end, _) in self.lives.items() if begin <= self.now < end]

    def lines(self, one: Container, since: int, tail: int | None = None) -> Iterator[Line]:
        if one.id in self.removed:
            raise GoneError(one.id)
        self.asked.append(tail)
        begin, end, rate = self.lives[one.id]
        seconds = range(begin, min(end, self.now))
        stamps = [START + each * NANOSECONDS + number for each in seconds for number in range(1, rate + 1)]
        yield from (
            Line(stamp_of(each), "stdout", b"") for each in stamps[-self.kept :][-(tail or 0) :] if each >= since
        )


def written(machine: Machine, until: int) -> tuple[Watch, int]:
    """After steps every 5 s: the watch, and all lines that it counted; Loki has whatever is asked for."""

    def stored(begin: int, end: int) -> Counter[Key]:
        return Counter({KEY: 10**9})

    account = Account(stored)
    watch = Watch(machine, account.add, START)
    while machine.now < until:
        machine.now += 5
        now = START + machine.now * NANOSECONDS
        if watch.step(now):
            account.look(now)
    return watch, account.written[KEY]


def test_every_line_of_a_container_is_counted_once() -> None:
    assert written(Machine(web=(0, 1000, 7)), 600)[1] == 570 * 7


def test_more_lines_than_were_asked_for_are_asked_for_again() -> None:
    machine = Machine(web=(0, 1000, 300))
    assert written(machine, 400)[1] > 0
    assert machine.asked[:3] == [FIRST_TAIL, 4 * FIRST_TAIL, 16 * FIRST_TAIL]
    assert len(machine.asked) == 2 + 400 // 15


def test_one_that_ends_is_counted_to_its_end() -> None:
    assert written(Machine(web=(0, 118, 7)), 600)[1] == 118 * 7


def test_one_that_promtail_may_not_find_is_left_out() -> None:
    assert written(Machine(web=(20, 35, 7)), 600)[1] == 0


def test_one_that_is_removed_is_counted_as_such_and_nothing_is_said_of_its_windows() -> None:
    machine = Machine(web=(0, 1000, 7), other=(0, 100, 7))
    machine.removed = {"other"}
    watch, number = written(machine, 600)
    assert watch.unread == {"removed": 7, "rotated": 0}
    assert 0 < number < 570 * 7 - 7 * 100


def test_lines_that_docker_has_rotated_away_are_not_taken_for_none() -> None:
    machine = Machine(web=(0, 1000, 7))
    machine.kept = 70
    watch, number = written(machine, 600)
    # Of the first window it can't be known.
    assert (watch.unread["rotated"], number) == (39 - 1, 5 * 7)
