"""Bodies as Prometheus and Promtail push them."""

import struct
import time

import cramjam

# Fields that the guard doesn't read, written by hand: a sample {value = 1, timestamp = 2}, an entry {timestamp, line}.
_FIXED64, _VARINT, _BYTES = 1, 0, 2


def _key(number: int, kind: int) -> bytes:
    return bytes([number << 3 | kind])


def _varint(value: int) -> bytes:
    low, rest = value & 127, value >> 7
    return bytes([low | 128]) + _varint(rest) if rest else bytes([low])


def _nested(number: int, content: bytes) -> bytes:
    return _key(number, _BYTES) + _varint(len(content)) + content


def remote_write(*series: tuple[dict[str, str], float], at: float | None = None) -> bytes:
    """One sample of each series, at a time in seconds; now, if none is given."""
    milliseconds = int((time.time() if at is None else at) * 1000)
    message = b""
    for labels, value in series:
        pairs = sorted(labels.items())
        one = b"".join(_nested(1, _nested(1, name.encode()) + _nested(2, text.encode())) for name, text in pairs)
        sample = _key(1, _FIXED64) + struct.pack("<d", value) + _key(2, _VARINT) + _varint(milliseconds)
        message += _nested(1, one + _nested(2, sample))
    return packed(message)


def lines(labels: str, *texts: str) -> bytes:
    """A push of these lines in one stream, now."""
    message = _nested(1, labels.encode())
    for number, text in enumerate(texts):
        nanoseconds = time.time_ns() + number
        timestamp = _key(1, _VARINT) + _varint(nanoseconds // 10**9) + _key(2, _VARINT) + _varint(nanoseconds % 10**9)
        message += _nested(2, _nested(1, timestamp) + _nested(2, text.encode()))
    return packed(_nested(1, message))


def packed(message: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(message))
