"""A window as a host with an agent tells it, in a log line of its keeper: how it is written, and how it is read."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any, NamedTuple

from logkeeper.account import Window
from logkeeper.engine import NANOSECONDS, Key

# In the line of each window, and in no other one of the keeper.
MARK = '"window": {'
LONGEST = 60 * NANOSECONDS
MOST_SERVICES = 500
# What any container's labels and name can be, and a label's value in the exposition format without a word more.
NAME = re.compile(r"[A-Za-z0-9_.-]{0,255}")


class Told(NamedTuple):
    window: Window
    is_first: bool
    """Since the host's keeper was started: what was written before then, nobody counted."""


def of(window: Window, *, is_first: bool) -> dict[str, Any]:
    """As JSON has it; times in nanoseconds."""
    return {
        "begin": window.begin,
        "end": window.end,
        "first": is_first,
        "written": [[*key, number] for key, number in sorted(window.written.items())],
        "unread": sorted(map(list, window.unread)),
    }


def read(text: str, at: int) -> Told:
    """Of a line that was written at that time; raises ValueError where it isn't as `of` made it."""
    try:
        found = json.loads(text)["window"]
        begin, end, is_first = _time(found["begin"]), _time(found["end"]), bool(found["first"])
        written = Counter({_key(key): _number(number) for *key, number in found["written"]})
        unread = frozenset(map(_key, found["unread"]))
    except (TypeError, KeyError, RecursionError) as error:
        raise ValueError(f"a part is missing or of another kind: {error}") from None
    if not begin < end <= min(at, begin + LONGEST):
        raise ValueError(f"it is of the time from {begin} to {end}, and of {at} itself")
    if len(written.keys() | unread) > MOST_SERVICES:
        raise ValueError(f"it has more than {MOST_SERVICES} services")
    return Told(Window(begin, end, written, unread), is_first)


def _key(names: list[str]) -> Key:
    application, env, service = names
    if not all(NAME.fullmatch(name) for name in (application, env, service)):
        raise ValueError(f"{names!r} are no names")
    return application, env, service


def _number(value: int) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} is no number of lines")
    return value


def _time(value: int) -> int:
    if type(value) is not int or value % 1_000_000:
        raise ValueError(f"{value!r} is no time in nanoseconds, to the millisecond")
    return value
