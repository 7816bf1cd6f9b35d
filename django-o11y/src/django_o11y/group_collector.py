"""The metrics of all processes of a group, read from their files."""

import re
from collections.abc import Iterable
from pathlib import Path

from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from django_o11y import multiprocess
from django_o11y.file_lock import is_held
from django_o11y.metrics_file import damage

FILE_NAME = re.compile(r"(?:counter|histogram|summary|gauge_(?P<live>live)?[a-z]+)_(?P<slot>\d+)\.db")
_sound: set[tuple[str, int]] = set()
"""Files, by name and inode, whose content was found in order."""


class GroupCollector(Collector):
    """The metrics of all slots of this process's group added up, the live gauges of live processes only."""

    def collect(self) -> Iterable[Metric]:
        try:
            return self._read()
        except Exception:  # a file was damaged or renamed after it had been checked
            _sound.clear()
            return self._read()

    def _read(self) -> list[Metric]:
        files = [str(file) for file in _readable_files()]
        return list(MultiProcessCollector.merge(files))  # type: ignore[no-untyped-call]


def _readable_files() -> list[Path]:
    found, folder = [], multiprocess.folder()
    for file in sorted(folder.glob("*.db")) if folder else ():
        name = FILE_NAME.fullmatch(file.name)
        wrong = _damage(file) if name else "its name is not that of a metrics file"
        if wrong:
            multiprocess.set_aside(file, wrong)
        elif name and (not name["live"] or is_held(file.with_name(f"{name['slot']}.lock"))):
            found.append(file)
    return found


def _damage(file: Path) -> str | None:
    """What is wrong with the file; asked once only, since what this package writes stays in order."""
    known = file.name, file.stat().st_ino
    if known in _sound:
        return None
    wrong = damage(file)
    if wrong is None:
        _sound.add(known)
    return wrong
