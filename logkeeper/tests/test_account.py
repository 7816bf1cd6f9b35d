"""What the account says of lines that arrive, come late, are lost, or are there twice."""

from collections import Counter

import pytest

from logkeeper.account import AGAIN, HOUR, KEPT, Account, Window
from logkeeper.engine import NANOSECONDS, Key
from logkeeper.loki import LokiError

WEB: Key = ("shop", "production", "web")
WORKER: Key = ("shop", "production", "worker")
SPAN = 30 * NANOSECONDS


class Story:
    """Windows of half a minute; `loki` has what is stored by the window's number."""

    def __init__(self) -> None:
        self.loki: dict[int, Counter[Key]] = {}
        self.asked = 0
        self.is_away = False
        self.account = Account(self._stored)
        self.number = 0

    def _stored(self, begin: int, end: int) -> Counter[Key]:
        if self.is_away:
            raise LokiError("Loki doesn't answer")
        self.asked += 1
        return Counter(self.loki.get(begin // SPAN, {}))

    @property
    def now(self) -> int:
        return self.number * SPAN

    def window(self, written: dict[Key, int], stored: dict[Key, int], *unread: Key) -> None:
        self.loki[self.number] = Counter(stored)
        self.account.add(
            Window(self.now, self.now + SPAN, Counter(written), frozenset(unread)),
        )
        self.number += 1
        self.look()

    def look(self) -> None:
        self.account.look(self.now)

    def missing(self) -> dict[Key, int]:
        return dict(self.account.missing(self.now))


@pytest.fixture
def story() -> Story:
    return Story()


def test_lines_that_are_there_are_counted_at_once(story: Story) -> None:
    story.window({WEB: 100, WORKER: 7}, {WEB: 100, WORKER: 7})
    assert story.account.written == story.account.confirmed == {WEB: 100, WORKER: 7}
    assert (story.missing(), story.account.waiting_seconds(story.now)) == ({}, 0)


def test_lines_that_never_come_are_missing_once_later_ones_are_there(story: Story) -> None:
    story.window({WEB: 100}, {WEB: 60})
    assert story.missing() == {}
    story.window({WEB: 100}, {WEB: 100})
    assert story.missing() == {WEB: 40}
    assert (story.account.written[WEB], story.account.confirmed[WEB]) == (200, 160)


def test_lines_that_still_come_are_waited_for(story: Story) -> None:
    story.window({WEB: 100}, {WEB: 10})
    story.loki[0][WEB] = 50
    story.window({WEB: 100}, {WEB: 1})
    assert story.missing() == {}
    story.loki[0][WEB] = story.loki[1][WEB] = 100
    story.look()
    assert (story.missing(), story.account.confirmed[WEB]) == ({}, 200)


def test_lines_that_come_after_they_were_judged_are_missing_no_longer(story: Story) -> None:
    story.window({WEB: 100}, {})
    story.window({WEB: 100}, {WEB: 100})
    assert story.missing() == {WEB: 100}
    story.loki[0][WEB] = 100
    story.look()
    assert (story.missing(), story.account.confirmed[WEB]) == ({}, 200)


def test_nothing_is_judged_while_nothing_arrives(story: Story) -> None:
    for _ in range(30):
        story.window({WEB: 100, WORKER: 5}, {})
    assert story.missing() == {}
    assert story.account.waiting_seconds(story.now) == 29 * 30


def test_last_lines_of_a_service_that_fell_silent_are_judged_by_those_of_others(story: Story) -> None:
    story.window({WEB: 100, WORKER: 5}, {WORKER: 5})
    story.window({WORKER: 5}, {WORKER: 5})
    assert story.missing() == {WEB: 100}


def test_a_lagging_service_is_not_judged_by_the_lines_of_others(story: Story) -> None:
    story.window({WEB: 100, WORKER: 5}, {WORKER: 5})
    for _ in range(10):
        story.window({WEB: 100, WORKER: 5}, {WORKER: 5})
    assert story.missing() == {}


def test_away_for_a_quarter_of_an_hour_loki_then_has_everything(story: Story) -> None:
    story.is_away = True
    for _ in range(30):
        with pytest.raises(LokiError):
            story.window({WEB: 100}, {WEB: 100})
    story.is_away = False
    for _ in range(3):
        story.look()
    assert (story.missing(), story.account.confirmed[WEB]) == ({}, 3000)
    assert story.account.waiting_seconds(story.now) == 0


def test_a_loss_is_told_for_an_hour_and_holds_nothing_up(story: Story) -> None:
    for _ in range(60):
        story.window({WEB: 100}, {WEB: 99})
    for _ in range(30):
        story.window({WEB: 100}, {WEB: 100})
    assert story.missing() == {WEB: 60}
    assert story.account.waiting_seconds(story.now) == 0
    for _ in range(2 * HOUR // SPAN):
        story.window({WEB: 100}, {WEB: 100})
    assert story.missing() == {}


def test_what_is_there_twice_is_counted_and_isnt_missing(story: Story) -> None:
    story.window({WEB: 100}, {WEB: 130})
    assert (story.missing(), story.account.surplus(story.now)) == ({}, {WEB: 30})
    assert story.account.confirmed[WEB] == 100


def test_lines_of_a_container_that_is_gone_are_no_surplus_and_not_missing(story: Story) -> None:
    story.window({WEB: 10, WORKER: 1}, {WEB: 90, WORKER: 1}, WEB)
    story.window({WEB: 90, WORKER: 1}, {WEB: 10, WORKER: 1}, WEB)
    story.window({WORKER: 1}, {WORKER: 1})
    assert (story.missing(), story.account.surplus(story.now)) == ({}, {})


def test_a_look_asks_no_more_than_a_few_times(story: Story) -> None:
    for _ in range(200):
        story.window({WEB: 100}, {WEB: 99})
    before = story.asked
    story.look()
    assert story.asked - before <= 42


def test_windows_are_forgotten(story: Story) -> None:
    for _ in range(KEPT // SPAN + 100):
        story.window({WEB: 1}, {WEB: 1})
    assert len(story.account.windows) <= KEPT // SPAN + 1


def test_lines_that_loki_had_and_lost_are_missing(story: Story) -> None:
    """As when a crash has damaged the file that they were in; the counters don't go back."""
    for _ in range(2 * AGAIN):
        story.window({WEB: 10}, {WEB: 10})
    story.loki[3][WEB] = 6
    for _ in range(4):
        story.window({WEB: 10}, {WEB: 10})
    assert story.missing() == {WEB: 4}
    assert story.account.confirmed == story.account.written
    story.loki[3][WEB] = 10
    story.look()
    assert story.missing() == {}
    assert story.account.confirmed == story.account.written
