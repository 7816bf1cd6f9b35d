"""Which views have labels of their own in metrics: the first `max_views` that were asked for.

The processes of a group agree on them by a file in the group's folder; else each would choose others, and together
they would have many more.
"""

import fcntl
import json
import logging
import threading
from pathlib import Path

from django_o11y import conf, multiprocess

OTHER = "other"
FILE = "views.list"
logger = logging.getLogger(__name__)

_lock = threading.Lock()
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
        try:
            return _enter(folder / FILE, view, limit)
        except (OSError, ValueError):
            pass  # no room on the disk, or a damaged file: this process chooses by itself
    return sum(known != OTHER for known in _labels.values()) < limit


def _enter(file: Path, view: str, limit: int) -> bool:
    """Whether the view is in the file by now; it is added if there is room."""
    line = json.dumps(view)
    with file.open("a+", encoding="utf-8") as opened:
        fcntl.flock(opened, fcntl.LOCK_EX)  # until the file is closed; held for one line only
        opened.seek(0)
        known = opened.read().splitlines()
        if line in known:
            return True
        if len(known) >= limit:
            return False
        opened.write(f"{line}\n")
        return True
