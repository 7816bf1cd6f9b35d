"""Which views have labels of their own in metrics: the first `max_views` that were asked for, and of each its methods.

A client may ask by any method: there are twice as many pairs of a view and a method, by whichever views they are taken.
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

from django_o11y import conf, forks, multiprocess

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


def of(view: str) -> str:
    """The view itself, or `other`."""
    return _labels.get(view) or _choose(view)


def of_pair(label: str, method: str) -> str:
    """The label that of() gave, or `other` where that view has no room for the method."""
    return label if label == OTHER else _pairs.get((label, method)) or _choose_pair(label, method)


def _choose_pair(label: str, method: str) -> str:
    with _lock:
        if (label, method) not in _pairs:
            has_room = _has_room(_pairs, PAIRS_FILE, f"{method} {label}", METHODS * conf.get().max_views)
            _pairs[label, method] = label if has_room else OTHER
        return _pairs[label, method]


def _choose(view: str) -> str:
    with _lock:
        if view not in _labels:
            _labels[view] = view if _has_room(_labels, FILE, view, conf.get().max_views) else OTHER
            if _labels[view] == OTHER and list(_labels.values()).count(OTHER) == 1:
                logger.warning(
                    "More than %d views were asked for: from %s on, their metrics have the label view=%s. "
                    "A larger max_views gives them labels of their own, and each scrape more samples.",
                    *(conf.get().max_views, view, OTHER),
                )
        return _labels[view]


def _has_room(chosen: Mapping[Any, str], file: str, entry: str, limit: int) -> bool:
    """Whether the entry is among the first of the group, or of this process where there is no such file."""
    folder = multiprocess.folder()
    if folder is not None:
        with contextlib.suppress(OSError):  # such as a full disk: then this process chooses by itself
            return _enter(folder / file, entry, limit)
    return sum(known != OTHER for known in chosen.values()) < limit


def _enter(file: Path, entry: str, limit: int) -> bool:
    """Whether the entry is among the first of the file; it is added if there is room.

    Without a lock, which a process that is stopped would hold: lines are appended whole, and their order decides.
    """
    line = json.dumps(entry).encode()
    with file.open("ab+", buffering=0) as opened:
        known = _read(opened)
        if line not in known and len(known) < limit:
            opened.write(line + b"\n")
            known = _read(opened)
    return line in known[:limit]


def _read(opened: FileIO) -> list[bytes]:
    opened.seek(0)
    return list(dict.fromkeys((opened.read(MAX_BYTES) or b"").splitlines()))
