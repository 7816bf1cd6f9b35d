"""What a host tells of a window comes back as it was; what no keeper wrote is refused."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from logkeeper import host, told
from logkeeper.account import Window
from logkeeper.engine import NANOSECONDS, Key
from logkeeper.watch import WINDOW

WEB: Key = ("shop", "production", "web")
JOB: Key = ("shop", "", "nightly_job-1")
BEGIN = 1_795_971_600 * NANOSECONDS
END = BEGIN + WINDOW
AT = END + 32 * NANOSECONDS


def good(**changed: Any) -> str:
    window = told.of(Window(BEGIN, END, Counter({WEB: 7}), frozenset([JOB])), is_first=False)
    return json.dumps({"message": "x", "window": window | changed})


def test_a_window_is_read_as_it_was_told(capsys: pytest.CaptureFixture[str]) -> None:
    teller = host.Teller()
    windows = [
        Window(BEGIN, END, Counter({WEB: 7, JOB: 1}), frozenset()),
        Window(END, END + WINDOW, Counter(), frozenset([JOB])),
    ]
    for window in windows:
        teller.tell(window)
    lines = capsys.readouterr().out.splitlines()
    assert all(told.MARK in line for line in lines)
    read = [told.read(line, AT + WINDOW) for line in lines]
    assert read == [(windows[0], True), (windows[1], False)]


@pytest.mark.parametrize(
    "text",
    [
        "no JSON",
        '{"window": {}}',
        '{"window": 7}',
        '[{"window": {"begin"]',
        "[" * 100_000,
        good(begin=str(BEGIN)),
        good(begin=BEGIN + 1),
        good(begin=END),
        good(begin=BEGIN - 3600 * NANOSECONDS),
        good(end=AT + NANOSECONDS),
        good(written=[["shop", "production", "web", -1]]),
        good(written=[["shop", "production", "web", 1.5]]),
        good(written=[["shop", "production", "web", True]]),
        good(written=[["shop", "web", 1]]),
        good(written=[["shop", "production", 'web"} 1\nup{x="', 1]]),
        good(written=[["shop", "production", 7, 1]]),
        good(unread=[["shop", "production", "web\\"]]),
        good(written=[["shop", "production", str(number), 1] for number in range(told.MOST_SERVICES)]),
        good(written=7),
    ],
)
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        told.read(text, AT)


def test_the_line_that_the_refused_ones_differ_from_is_one() -> None:
    assert told.read(good(), AT) == (Window(BEGIN, END, Counter({WEB: 7}), frozenset([JOB])), False)
