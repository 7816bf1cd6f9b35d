"""One file of metrics in prometheus_client's format: its room is reserved, and its content is checked."""

import json
import os
import struct
from pathlib import Path

from prometheus_client.mmap_dict import MmapedDict

FIRST_SIZE = 1 << 16
_HEADER = struct.Struct("ii")
"""How much of the file is in use, and four bytes of padding."""
_LENGTH = struct.Struct("i")
_VALUE_SIZE = 16


class MetricsFile(MmapedDict):
    """prometheus_client maps files with holes: when the disk is full, writing into a hole kills the process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            _create(path)
        super().__init__(str(path))  # type: ignore[no-untyped-call]

    def _init_value(self, key: str) -> None:
        """Add a series; OSError when the disk has no room for it."""
        size = self._capacity
        while self._used + _entry_size(len(key.encode())) > size:
            size *= 2
        if size > self._capacity:
            _reserve(self._f.fileno(), size)
        super()._init_value(key)  # type: ignore[no-untyped-call]


def damage(path: Path) -> str | None:
    """What is wrong with the file, or None when it can be read from its first series to its last."""
    if not path.is_file():
        return "it is no file"
    try:
        data = path.read_bytes()
        used, _ = _HEADER.unpack_from(data)
        if not _HEADER.size <= used <= len(data):
            return f"it says that {used} of its {len(data)} bytes are in use"
        position = _HEADER.size
        while position < used:
            (length,) = _LENGTH.unpack_from(data, position)
            end = position + _entry_size(length)
            if length <= 0 or end > used:
                return f"it says that a series of {length} bytes begins at byte {position} of {used}"
            name, sample, labels, text = json.loads(data[position + _LENGTH.size : position + _LENGTH.size + length])
            if not isinstance(labels, dict) or not all(isinstance(each, str) for each in (name, sample, text)):
                return f"what begins at byte {position} is no series"
            position = end
    except (OSError, struct.error, ValueError, TypeError) as error:
        return f"{type(error).__name__}: {error}"
    return None


def _create(path: Path) -> None:
    """Written under another name and then renamed: a reader finds the whole file or none."""
    new = path.with_suffix(".new")
    try:
        with new.open("wb") as file:
            _reserve(file.fileno(), FIRST_SIZE)
            file.write(_HEADER.pack(_HEADER.size, 0))
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise


def _reserve(descriptor: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size)
    else:  # macOS, on which nobody serves
        os.ftruncate(descriptor, size)


def _entry_size(key_length: int) -> int:
    """Length, key, padding to eight bytes, value and timestamp."""
    return _LENGTH.size + key_length + 8 - (key_length + _LENGTH.size) % 8 + _VALUE_SIZE
