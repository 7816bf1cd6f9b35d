"""The metrics of all processes of a group, read from their files."""

import re
from collections.abc import Iterable
from pathlib import Path

from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from django_instrumentation import multiprocess
from django_instrumentation.file_lock import is_held
from django_instrumentation.metrics_file import damage

FILE_NAME = re.compile(r"(?:counter|histogram|summary|gauge_(?P<live>live)?[a-z]+)_(?P<slot>\d+)\.db")
ATTEMPTS = 3
_sound: set[tuple[str, int]] = set()
"""Files, by name and inode, whose content was found in order."""


class GroupCollector(Collector):
    """The metrics of all slots of this process's group added up, the live gauges of live processes only."""

    def collect(self) -> Iterable[Metric]:
        for attempt in reversed(range(ATTEMPTS)):
            try:
                files = [str(file) for file in _readable_files()]
                found = {each.name: each for each in MultiProcessCollector.merge(files)}  # type: ignore[no-untyped-call]
            except Exception:  # a file was damaged or renamed after it had been checked
                _sound.clear()
                if not attempt:
                    raise
            else:
                break
        _add_unsaved_losses(found)
        return found.values()


def _add_unsaved_losses(found: dict[str, Metric]) -> None:
    """A process that can't write its metrics can't write its losses either; the one that is asked adds its own."""
    lost = multiprocess.unsaved_losses()
    if not lost:
        return
    name = multiprocess.DROPPED
    for sample in found[name].samples if name in found else ():
        lost[sample.labels["reason"]] = lost.get(sample.labels["reason"], 0.0) + sample.value
    family = CounterMetricFamily(name, multiprocess.DROPPED_HELP, labels=["reason"])
    for reason, number in lost.items():
        family.add_metric([reason], number)
    found[name] = family


def _readable_files() -> list[Path]:
    found, folder = [], multiprocess.folder()
    for file in sorted(folder.glob("*.db")) if folder else ():
        name = FILE_NAME.fullmatch(file.name)
        try:
            wrong = _damage(file) if name else "its name is not that of a metrics file"
        except FileNotFoundError:
            continue  # its slot has just changed hands
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
