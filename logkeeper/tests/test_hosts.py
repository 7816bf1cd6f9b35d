"""The accounts of other hosts: by what they tell, each on its own, and what they didn't tell."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field

import pytest

from logkeeper import told
from logkeeper.account import KEPT, Window
from logkeeper.engine import NANOSECONDS, Key
from logkeeper.hosts import Host, Hosts
from logkeeper.loki import MOST_TOLD, Loki
from logkeeper.pages import by_key, exposition, unread
from logkeeper.watch import WINDOW

WEB: Key = ("shop", "production", "web")
KEEPER: Key = ("monitoring", "production", "logkeeper")
START = 1_795_971_600 * NANOSECONDS
TOLD_AFTER = 32 * NANOSECONDS


class Store(Loki):
    """Of each host: the lines of its keeper, and how many lines of each window are there."""

    def __init__(self) -> None:
        super().__init__("nowhere")
        self.told_by: dict[str, dict[int, str]] = {}
        self.without_a_keeper: list[str] = []
        self.stored: dict[tuple[str, int], Counter[Key]] = {}

    def hosts(self, since: int) -> list[str]:
        return [*self.without_a_keeper, *(name for name, lines in self.told_by.items() if max(lines) > since)]

    def told(self, host: str, since: int, until: int, *, newest: bool = False) -> list[tuple[int, str]]:
        found = sorted((at, text) for at, text in self.told_by.get(host, {}).items() if since < at <= until)
        return found[-1:] if newest else found[:MOST_TOLD]

    def counts(self, begin: int, end: int, host: str = "") -> Counter[Key]:
        return self.stored.get((host, begin), Counter())


@dataclass
class Story:
    store: Store = field(default_factory=Store)
    now: int = START

    def __post_init__(self) -> None:
        self.hosts = Hosts(self.store)

    def tell(self, host: str, number: int, written: int, stored: int | None = None, *, first: bool = False) -> None:
        """A window by its number, as its line is in Loki."""
        begin = START + number * WINDOW
        window = Window(begin, begin + WINDOW, Counter({WEB: written, KEEPER: 1}))
        text = json.dumps({"window": told.of(window, is_first=first)})
        self.store.told_by.setdefault(host, {})[window.end + TOLD_AFTER] = text
        self.store.stored[host, begin] = Counter({WEB: written if stored is None else stored, KEEPER: 1})

    def look(self, number: int) -> list[str]:
        """At the time when the window's line has just come."""
        self.now = START + (number + 1) * WINDOW + TOLD_AFTER + NANOSECONDS
        return self.hosts.look(self.now)

    def of(self, name: str) -> Host:
        return self.hosts.by_name[name]

    def missing(self) -> dict[str, dict[Key, int]]:
        return {name: dict(each.account.missing(self.now)) for name, each in self.hosts.by_name.items()}


@pytest.fixture
def story() -> Story:
    return Story()


def test_lines_that_one_host_has_not_sent_are_missing_there_and_on_no_other(story: Story) -> None:
    story.look(0)
    for number in range(5):
        story.tell("web-1", number, 10, 9 if number == 1 else 10)
        story.tell("web-2", number, 10, 30)
        assert story.look(number) == []
    assert story.missing() == {"web-1": {WEB: 1}, "web-2": {}}
    assert [story.of(name).account.surplus(story.now)[WEB] for name in ("web-1", "web-2")] == [0, 100]
    assert story.of("web-1").account.written[WEB] == 50
    assert story.of("web-1").unread == {"window": 0, "started": 0}


def test_a_window_that_never_came_is_unknown_and_not_one_without_lines(story: Story) -> None:
    story.look(0)
    for number in (0, 1, 4, 5, 6):
        story.tell("web-1", number, 10)
        story.look(number)
    assert story.missing() == {"web-1": {}}
    assert story.of("web-1").account.written[WEB] == 50
    assert story.of("web-1").unread == {"window": 2, "started": 0}


def test_what_nobody_counted_while_the_hosts_keeper_was_down_is_told_apart(story: Story) -> None:
    story.look(0)
    for number in (0, 1, 4, 5):
        story.tell("web-1", number, 10, first=number in (0, 4))
        story.look(number)
    assert story.of("web-1").unread == {"window": 0, "started": 2}


def test_a_line_that_is_there_twice_counts_once(story: Story) -> None:
    story.look(0)
    for number in range(3):
        story.tell("web-1", number, 10)
        lines = story.store.told_by["web-1"]
        lines[max(lines) + 1] = lines[max(lines)]
        story.look(number)
    assert story.of("web-1").account.written[WEB] == 30
    assert story.of("web-1").unread == {"window": 0, "started": 0}


def test_a_cut_way_loses_nothing_and_is_not_taken_for_a_loss(story: Story) -> None:
    story.look(0)
    for number in range(3):
        story.tell("web-1", number, 10)
        story.look(number)
    for number in range(3, 200):
        story.look(number)
    assert story.of("web-1").behind_seconds(story.now) == (story.now - START - 3 * WINDOW) / NANOSECONDS
    for number in range(3, 200):
        story.tell("web-1", number, 10)
    for number in range(200, 215):
        story.tell("web-1", number, 10)
        story.look(number)
    assert story.missing() == {"web-1": {}}
    assert story.of("web-1").account.written[WEB] == 215 * 10
    assert story.of("web-1").unread == {"window": 0, "started": 0}
    assert story.of("web-1").behind_seconds(story.now) < 60


def test_a_keeper_that_starts_judges_what_comes_later_and_nothing_twice(story: Story) -> None:
    for number in range(50):
        story.tell("web-1", number, 10, 9)
    story.look(60)
    # It was cut off when the keeper started; two of its lines are lost, the first one of them.
    for number in range(50, 61):
        if number not in (50, 53):
            story.tell("web-1", number, 10)
    story.look(61)
    assert story.missing() == {"web-1": {}}
    assert story.of("web-1").account.written[WEB] == 90
    assert story.of("web-1").unread == {"window": 2, "started": 0}


def test_a_line_that_is_no_window_is_told_and_what_it_was_of_is_unknown(story: Story) -> None:
    story.look(0)
    for number in range(4):
        story.tell("web-1", number, 10)
        if number == 2:
            lines = story.store.told_by["web-1"]
            lines[max(lines)] = '{"window": {}}'
        problems = story.look(number)
        assert len(problems) == (number == 2)
        assert all("web-1" in each for each in problems)
    assert story.of("web-1").account.written[WEB] == 30
    assert story.of("web-1").unread == {"window": 1, "started": 0}


def test_of_a_host_that_sends_lines_and_has_no_keeper_nothing_is_known(story: Story) -> None:
    story.store.without_a_keeper = ["web-9"]
    for number in range(100):
        story.look(number)
        assert story.of("web-9").behind_seconds(story.now) >= KEPT / NANOSECONDS
    story.tell("web-9", 100, 10, first=True)
    story.look(100)
    assert story.of("web-9").behind_seconds(story.now) < 60


def test_a_host_that_was_taken_away_is_forgotten(story: Story) -> None:
    story.look(0)
    story.tell("web-1", 0, 10)
    story.look(0)
    assert story.missing() == {"web-1": {}}
    story.look(KEPT // WINDOW + 10)
    assert story.missing() == {}


def test_series_of_another_host_have_its_name_and_those_of_this_one_none() -> None:
    text = exposition(
        by_key("x", "gauge", "X.", {"": Counter({WEB: 1}), "web-1": Counter({WEB: 2})}),
        unread({"": Counter({"rotated": 0}), "web-1": Counter({"window": 3})}),
    )
    assert [line for line in text.splitlines() if not line.startswith("#")] == [
        'x{application="shop",env="production",service="web"} 1',
        'x{application="shop",env="production",service="web",host="web-1"} 2',
        'log_account_unread_total{reason="rotated"} 0',
        'log_account_unread_total{host="web-1",reason="window"} 3',
    ]
