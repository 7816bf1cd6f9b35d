"""Which views have labels of their own in metrics: the first `max_views` that were asked for.

The processes of a group agree on them by a file in the group's folder; else each would choose others, and together
they would have many more.
"""

import contextlib
import json
import logging
from io import FileIO
from pathlib import Path

from django_o11y import conf, forks, multiprocess

OTHER = "other"
FILE = "views.list"
MAX_BYTES = 1 << 20
logger = logging.getLogger(__name__)

_lock = forks.new_lock()
_labels: dict[str, str] = {}
"""By view, what this process has found out."""


def of(view: str) -> str:
    """The view itself, or `other`."""
    return _labels.get(view) or _choose(view)


def _choose(view: str) -> str:
    with _lock:
        if view not in _labels:
            _labels[view] = view if _is_among_the_first(view, conf.get().max_views) else OTHER
            if _labels[view] == OTHER and list(_labels.values()).count(OTHER) == 1:
                logger.warning(
                    "More than %d views were asked for: from %s on, their metrics have the label view=%s. "
                    "A larger max_views gives them labels of their own, and each scrape more samples.",
                    *(conf.get().max_views, view, OTHER),
                )
        return _labels[view]


def _is_among_the_first(view: str, limit: int) -> bool:
    folder = multiprocess.folder()
    if folder is not None:
        with contextlib.suppress(OSError):  # such as a full disk: then this process chooses by itself
            return _enter(folder / FILE, view, limit)
    return sum(known != OTHER for known in _labels.values()) < limit


def _enter(file: Path, view: str, limit: int) -> bool:
    """Whether the view is among the first of the file; it is added if there is room.

    Without a lock, which a process that is stopped would hold: lines are appended whole, and their order decides.
    """
    line = json.dumps(view).encode()
    with file.open("ab+", buffering=0) as opened:
        known = _read(opened)
        if line not in known and len(known) < limit:
            opened.write(line + b"\n")
            known = _read(opened)
    return line in known[:limit]


def _read(opened: FileIO) -> list[bytes]:
    opened.seek(0)
    return list(dict.fromkeys((opened.read(MAX_BYTES) or b"").splitlines()))
