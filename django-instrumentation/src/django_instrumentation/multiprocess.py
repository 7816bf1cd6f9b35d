"""Exact counts over several processes: each one writes metrics files that it alone holds.

PROMETHEUS_MULTIPROC_DIR has a folder for each group of processes that one /metrics adds up, such as gunicorn on one
address. A process of a group takes its lowest free slot by locking `<slot>.lock`, and writes `<kind>_<slot>.db`. The
kernel frees the lock when the process ends; the next one takes over the slot and goes on with its counts. So dead
processes leave neither gaps nor files. Which folder a group has is group_folder.py's concern.

A process outside any group, such as a manage.py command, keeps its metrics in memory and writes no file.
"""

import errno
import fcntl
import logging
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from prometheus_client import Counter, values
from prometheus_client.mmap_dict import mmap_key

from django_instrumentation import early_metrics, group_folder
from django_instrumentation.file_lock import open_lock, try_lock
from django_instrumentation.metrics_file import MetricsFile, damage

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
DROPPED = "metrics_dropped"
DROPPED_HELP = (
    "Losses of metrics: a series that the full disk had no room for (no_room), a damaged file that was set aside, "
    "or a series or process without a folder to write to (folder)."
)
NO_ROOM, DAMAGED, FOLDER = "no_room", "damaged_file", "folder"
FULL = (errno.ENOSPC, errno.EDQUOT)
ANOTHERS = (errno.EACCES, errno.EPERM, errno.EISDIR, errno.ELOOP)
"""What opening a file says that is another user's, a folder or a link."""
MAX_SLOTS = 1_000
logger = logging.getLogger(__name__)

_installed = False
_dropped: Counter | None = None
_early: list[str] = []
"""Losses from before there was the counter of losses."""
_lock = threading.RLock()
_folder: Path | None = None
"""The group's."""
_group_lock: int | None = None
_slot: int | None = None
_slot_lock: int | None = None
_wants_slot = False
"""This process is in a group, but has not taken a slot yet: it does so with its first metric."""
_told = False
_files: dict[str, MetricsFile] = {}
_values: list["Value"] = []


def directory() -> Path | None:
    """Where the metrics files lie; None when this process keeps its metrics to itself."""
    given = os.environ.get(VARIABLE)
    return Path(given).absolute() if given else None  # the project may change its working folder later


def folder() -> Path | None:
    """Where the files of this process's group lie; None outside any group."""
    return _folder


def install() -> None:
    """To be called before the first metric is made."""
    global _installed, _dropped
    if _installed:
        return
    _installed = True
    values.ValueClass = Value if directory() else values.MutexValue
    if VARIABLE in os.environ:  # an empty one means the working folder to prometheus_client
        early_metrics.take_over(Path(os.environ[VARIABLE]), values.ValueClass)
    dropped = Counter(DROPPED, DROPPED_HELP, ["reason"])
    for reason in (NO_ROOM, DAMAGED, FOLDER):
        dropped.labels(reason)
    _dropped = dropped
    while _early:
        _count_drop(_early.pop())


def enter(group: str) -> None:
    """Make this process and its future children a part of the group, unless it is in one or there is no folder.

    A folder that can't be used costs metrics, and keeps no process from starting.
    """
    global _folder, _group_lock, _wants_slot
    given = directory()
    if given is None or _folder is not None:
        return
    for base in (given, group_folder.spare()):
        try:
            _folder, _group_lock = group_folder.join(base, group)
        except OSError as error:
            logger.warning(
                "The metrics folder %s can't be used (%s); expected one that this user owns or may make. Correct %s.",
                *(base, error.strerror, VARIABLE),
            )
        else:
            _wants_slot = True
            return
    logger.warning("There is no folder for metrics: each process counts for itself, and /metrics shows one of them.")
    _count_drop(FOLDER)


def _take_slot() -> None:
    """Take the lowest free slot, and let every metric made so far go on from its counts."""
    global _slot, _slot_lock, _wants_slot
    _wants_slot = False
    if _folder is None:
        return
    try:
        _slot, _slot_lock = _lowest_free(_folder)
    except OSError as error:
        _report_loss(error)
        return
    for live in _folder.glob(f"gauge_live*_{_slot}.db"):
        with suppress(OSError):  # such as a folder of that name, which is set aside when its turn comes
            live.unlink()
    for value in _values:
        value.attach()


def _lowest_free(group: Path) -> tuple[int, int]:
    """Its number and lock."""
    for number in range(MAX_SLOTS):
        try:
            lock = open_lock(group / f"{number}.lock")
        except OSError as error:
            if error.errno not in ANOTHERS:
                raise
            continue
        if try_lock(lock, fcntl.LOCK_EX):
            return number, lock
        os.close(lock)
    raise OSError(errno.EMFILE, f"none of its {MAX_SLOTS} slots is free")


def _file(kind: str) -> MetricsFile | None:
    """The slot's file for metrics of this kind; None outside any slot. OSError when the disk is full."""
    if _folder is None or _slot is None:
        return None
    if kind not in _files:
        path = _folder / f"{kind}_{_slot}.db"
        if path.exists() and (wrong := damage(path)):
            set_aside(path, wrong)
        _files[kind] = MetricsFile(path)
    return _files[kind]


def set_aside(path: Path, wrong: str) -> None:
    """Rename a damaged file, so that it is kept for whoever looks into it, and read by nobody else."""
    try:
        path.rename(path.with_suffix(".damaged"))
    except FileNotFoundError:
        return  # another process did
    except OSError as error:
        wrong = f"{wrong}; and it can't be renamed: {error.strerror}"
    logger.warning("The metrics file %s is damaged and was set aside, its counts are lost: %s.", path, wrong)
    _count_drop(DAMAGED)


def _count_drop(reason: str) -> None:
    if _dropped is None:
        _early.append(reason)
    else:
        _dropped.labels(reason).inc()


def _report_loss(error: OSError) -> None:
    global _told
    _count_drop(NO_ROOM if error.errno in FULL else FOLDER)
    if not _told:
        _told = True
        logger.warning(
            "The metrics folder %s takes no new series (%s): this process's are lost.", _folder, error.strerror
        )


def unsaved_losses() -> dict[str, float]:
    """What this process has lost, by reason, as far as no file says so: without a slot, or when its file is gone."""
    with _lock:
        gone = [file.path for file in _files.values() if not file.path.exists()]
        if gone and not _told:
            _report_loss(FileNotFoundError(errno.ENOENT, f"{gone[0].name} is gone"))
        saved = _files.get("counter")
        if _dropped is None or (saved and saved.path.exists()):
            return {}
        samples = [sample for each in _dropped.collect() for sample in each.samples]
        return {each.labels["reason"]: each.value for each in samples if each.name.endswith("_total")}


def _forget_slot() -> None:
    """In a forked child: two processes that write one file destroy it, so it takes a slot of its own."""
    global _lock, _slot, _slot_lock, _wants_slot, _told
    _lock = threading.RLock()  # another thread of the parent may hold the old one
    _files.clear()
    for value in _values:
        value.detach()
    if _slot_lock is not None:
        os.close(_slot_lock)  # the parent still holds it
    _slot, _slot_lock, _told = None, None, False
    _wants_slot = _folder is not None


os.register_at_fork(after_in_child=_forget_slot)


class Value:
    """What prometheus_client keeps each sample in: in memory, and in the slot's file when there is one."""

    _multiprocess = True

    def __init__(
        self,
        typ: str,
        metric_name: str,
        name: str,
        labelnames: list[str],
        labelvalues: list[str],
        help_text: str,
        multiprocess_mode: str = "",
        **_: Any,
    ) -> None:
        self._kind = f"{typ}_{multiprocess_mode}" if typ == "gauge" else typ
        self._key = mmap_key(metric_name, name, labelnames, labelvalues, help_text)
        self._value = self._timestamp = 0.0
        self._file: MetricsFile | None = None
        with _lock:
            if _wants_slot:
                _take_slot()
            _values.append(self)
            self.attach()

    def attach(self) -> None:
        """Add what was counted in memory to the slot's count, or stay in memory when the disk has no room."""
        if self._file is not None:
            return
        try:
            file = _file(self._kind)
            if file is None:
                return
            saved, timestamp = file.read_value(self._key)  # type: ignore[no-untyped-call]
        except OSError as error:
            _report_loss(error)
            return
        self._file = file
        if not self._kind.startswith("gauge"):
            self._write(saved + self._value, 0.0)
        elif self._value:
            self._write(self._value, self._timestamp)
        else:
            self._value, self._timestamp = saved, timestamp

    def detach(self) -> None:
        """What was counted so far is the parent's."""
        self._file, self._value, self._timestamp = None, 0.0, 0.0

    def inc(self, amount: float) -> None:
        with _lock:
            if _wants_slot:
                _take_slot()
            self._value += amount
            self._timestamp = 0.0
            if self._file is not None:
                self._file.write_value(self._key, self._value, 0.0)  # type: ignore[no-untyped-call]

    def set(self, value: float, timestamp: float | None = None) -> None:
        with _lock:
            if _wants_slot:
                _take_slot()
            self._write(value, timestamp or 0.0)

    def _write(self, value: float, timestamp: float) -> None:
        self._value, self._timestamp = value, timestamp
        if self._file is not None:
            self._file.write_value(self._key, value, timestamp)  # type: ignore[no-untyped-call]

    def get(self) -> float:
        return self._value

    def set_exemplar(self, exemplar: Any) -> None:
        """There is no place for it in the files."""

    def get_exemplar(self) -> None:
        return None
