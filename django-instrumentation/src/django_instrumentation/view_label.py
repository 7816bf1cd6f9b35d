"""Which views have labels of their own in metrics: the first `max_views` that were asked for, and of each its methods.

A client may ask by any method: there are twice as many pairs of a view and a method, by whichever views they are taken.
What anybody may ask for, a refused request or an uncommon method, takes places of the first half only: whoever asks for
all of it leaves room for the requests that views answer.
The processes of a group agree on both by files in the group's folder; else each would choose others, and together they
would have many more.
"""

import contextlib
import json
import logging
from collections.abc import Mapping
from io import FileIO
from pathlib import Path
from typing import Any

from django_instrumentation import conf, forks, multiprocess

OTHER = "other"
FILE = "views.list"
PAIRS_FILE = "methods.list"
METHODS = 2
"""As many pairs of a view and a method as there are views, times this."""
MAX_BYTES = 1 << 20
logger = logging.getLogger(__name__)

_lock = forks.new_lock()
_labels: dict[str, str] = {}
"""By view, what this process has found out."""
_pairs: dict[tuple[str, str], str] = {}
"""The same by label of a view and method."""
_without_room: set[tuple[str, str]] = set()
"""By file and entry, what has no place yet and gets none by what anybody may ask for: the file isn't read again."""


def of(view: str, *, by_anybody: bool = False) -> str:
    """The view itself, or `other`."""
    return _labels.get(view) or _choose(view, by_anybody)


def of_pair(label: str, method: str, *, by_anybody: bool = False) -> str:
    """The label that of() gave, or `other` where that view has no room for the method."""
    return label if label == OTHER else _pairs.get((label, method)) or _choose_pair(label, method, by_anybody)


def _choose_pair(label: str, method: str, by_anybody: bool) -> str:
    pair, limit = (label, method), METHODS * conf.get().max_views
    with _lock:
        if pair not in _pairs:
            has_room = _has_room(_pairs, PAIRS_FILE, f"{method} {label}", limit, by_anybody)
            if by_anybody and not has_room:
                return OTHER
            _pairs[pair] = label if has_room else OTHER
        return _pairs[pair]


def _choose(view: str, by_anybody: bool) -> str:
    limit = conf.get().max_views
    with _lock:
        if view not in _labels:
            has_room = _has_room(_labels, FILE, view, limit, by_anybody)
            if by_anybody and not has_room:
                return OTHER
            _labels[view] = view if has_room else OTHER
            if _labels[view] == OTHER and list(_labels.values()).count(OTHER) == 1:
                logger.warning(
                    "More than %d views were asked for: from %s on, their metrics have the label view=%s. "
                    "A larger max_views gives them labels of their own, and each scrape more samples.",
                    *(limit, view, OTHER),
                )
        return _labels[view]


def _has_room(chosen: Mapping[Any, str], file: str, entry: str, limit: int, by_anybody: bool) -> bool:
    """Whether the entry is among the first of the group, or of this process where there is no such file."""
    if by_anybody and (file, entry) in _without_room:
        return False
    folder, room = multiprocess.folder(), limit // 2 if by_anybody else limit
    has_room = sum(known != OTHER for known in chosen.values()) < room
    if folder is not None:
        with contextlib.suppress(OSError):  # such as a full disk: then this process chooses by itself
            has_room = _enter(folder / file, entry, limit, room)
    if by_anybody and not has_room:
        _without_room.add((file, entry))
    return has_room


def _enter(file: Path, entry: str, limit: int, room: int) -> bool:
    """Whether the entry is among the first of the file; it is added if that has fewer than `room` entries.

    Without a lock, which a process that is stopped would hold: lines are appended whole, and their order decides.
    """
    line = json.dumps(entry).encode()
    with file.open("ab+", buffering=0) as opened:
        known = _read(opened)
        if line not in known and len(known) < room:
            opened.write(line + b"\n")
            known = _read(opened)
    return line in known[:limit]


def _read(opened: FileIO) -> list[bytes]:
    opened.seek(0)
    return list(dict.fromkeys((opened.read(MAX_BYTES) or b"").splitlines()))
