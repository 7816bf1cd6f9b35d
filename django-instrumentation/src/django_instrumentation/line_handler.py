"""Writes whole log lines to stdout, and never lets its reader or another process hold up the one that logs.

A line is written at once while stdout takes it. When the reader stalls, a thread takes over: it waits for the reader,
while up to 1 MB of further lines wait in memory. What exceeds that is dropped and counted.
"""

import atexit
import fcntl
import logging
import os
import select
import stat
import sys
import threading
import time
from collections import Counter, deque
from contextlib import suppress
from functools import cache
from typing import IO

from django_instrumentation import output

MAX_WAITING_BYTES = 1 << 20
LOCK_SECONDS = 0.01
THREAD_LOCK_SECONDS = 10.0
EXIT_SECONDS = 1.0
SLOW_READER, WRITE_FAILED, EXIT = "slow_reader", "write_failed", "exit"


class LineHandler(logging.Handler):
    """Writes to what sys.stdout is when the handler is made, or sys.stderr under a manage.py command."""

    def __init__(self) -> None:
        super().__init__()
        self.writer = writer_of(output.stream())

    def handle(self, record: logging.LogRecord) -> bool:
        """Format and write the record. No lock is held while it is formatted: that may log or count by itself."""
        kept: logging.LogRecord | bool = self.filter(record)
        if not kept:
            return False
        if isinstance(kept, logging.LogRecord):  # since Python 3.12 a filter may replace it
            record = kept
        try:
            line = self.format(record)
        except Exception:
            self.handleError(record)
        else:
            self.writer.put(f"{line}\n".encode(errors="backslashreplace"))
        return True


class Writer:
    """The lines of this process on their way to one stream, in the order in which they were put."""

    def __init__(self, stream: IO[str]) -> None:
        self.stream = stream
        self._begin()
        os.register_at_fork(after_in_child=self._begin)
        atexit.register(self._finish)

    def _begin(self) -> None:
        """Also in a forked child: the lines that wait are its parent's, and so is the thread that writes them."""
        self._changed = threading.Condition()
        self._lost: Counter[str] = Counter()
        """By reason; what the metric doesn't have yet."""
        self._lines: deque[bytes] = deque()
        self._size = 0
        self._busy = False
        """Somebody writes: the thread, or the frame that was interrupted by a signal whose handler logs."""
        self._written = 0
        """How much of the first line."""
        self._cut = False
        """The line before was begun, and given up."""
        self._lock: bool | None = None
        """Whether the first line got the lock; None while it hasn't asked for it."""
        self._lock_is_stuck = False

    def put(self, line: bytes) -> None:
        with self._changed:
            if self._lines and self._size + len(line) > MAX_WAITING_BYTES:
                self._lost[SLOW_READER] += 1
            else:
                self._lines.append(line)
                self._size += len(line)
                self._write_or_hand_over()
        self._count()

    def _write_or_hand_over(self) -> None:
        if self._busy:
            return
        self._busy = True
        if self._write_lines(wait=False):
            return
        try:
            threading.Thread(target=self._write_lines, kwargs={"wait": True}, name="log-lines", daemon=True).start()
        except RuntimeError:  # the process ends, or may have no more threads
            self._busy = False

    def _finish(self) -> None:
        """At the end of the process: what still waits gets a moment, then it is given up."""
        with self._changed:
            self._write_or_hand_over()
            self._changed.wait_for(lambda: not self._lines, EXIT_SECONDS)
            if self._lines:
                self._lost[EXIT] += len(self._lines)
            self._lines.clear()
            self._size = 0
        self._count()

    def _count(self) -> None:
        """Without the lock: the metric has a lock of its own, and whoever holds that one may log."""
        if not self._lost:
            return
        metric = getattr(sys.modules.get("django_instrumentation.metrics"), "LOG_LINES_DROPPED", None)
        if metric is None:  # gunicorn's master writes lines, but has no metrics
            return
        with self._changed:
            lost, self._lost = self._lost, Counter()
        for reason, number in lost.items():
            metric.labels(reason).inc(number)

    def _write_lines(self, *, wait: bool) -> bool:
        """Write all lines that wait; False when stdout doesn't take them now and `wait` is off."""
        while True:
            with self._changed:
                if not self._lines:
                    self._busy = False
                    self._changed.notify_all()
                    break
                line = self._lines[0]
            failed = False
            try:
                if not self._write_line(line, wait=wait):
                    return False
            except (OSError, ValueError, AttributeError):  # nobody reads, the disk is full; closed; None
                failed = True
            with self._changed:
                if failed:
                    self._lost[WRITE_FAILED] += 1
                self._cut, self._written, self._lock = failed and self._written > 0, 0, None
                if self._lines and self._lines[0] is line:  # not given up in the meantime
                    self._lines.popleft()
                    self._size -= len(line)
        if wait:
            self._count()
        return True

    def _write_line(self, line: bytes, *, wait: bool) -> bool:
        """False when stdout doesn't take the rest of it now; the lock is kept until it does."""
        descriptor = self._descriptor()
        if descriptor is None:
            self.stream.write(line.decode())
            self.stream.flush()
            return True
        done = True
        try:
            done = self._write_pieces(descriptor, b"\n" + line if self._cut else line, wait=wait)
        finally:
            if done and self._lock:
                unlock(descriptor)
        return done

    def _write_pieces(self, descriptor: int, data: bytes, *, wait: bool) -> bool:
        # Several processes may share a pipe, which cuts what is longer than PIPE_BUF; a file takes a line at once.
        shared = is_shared(descriptor)
        piece = select.PIPE_BUF if shared else len(data)
        while self._written < len(data):
            # What poll() calls writable takes PIPE_BUF bytes without blocking.
            if not is_writable(descriptor, wait=wait):
                return False
            if shared and self._lock is None:
                if not self._take_lock(descriptor, wait=wait):
                    return False
                continue  # its holder may have filled the pipe
            if self._written == 0:
                self.stream.flush()  # what was printed before
            try:
                self._written += os.write(descriptor, data[self._written : self._written + piece])
            except BlockingIOError:  # somebody made stdout non-blocking
                if not wait:
                    return False
        return True

    def _take_lock(self, descriptor: int, *, wait: bool) -> bool:
        """Whether the line may go on: with the pipe's own lock, or without it where a frozen process keeps it.

        Nobody else's stdout has that lock, no file is left of it, and it ends with its process.
        """
        deadline = time.monotonic() + (THREAD_LOCK_SECONDS if wait else LOCK_SECONDS)
        while not (got := try_lock(descriptor)) and not self._lock_is_stuck:
            if time.monotonic() > deadline:
                if not wait:
                    return False
                self._lock_is_stuck = True
            time.sleep(0.001)
        self._lock = got
        self._lock_is_stuck &= not got
        return True

    def _descriptor(self) -> int | None:
        try:
            return self.stream.fileno()
        except (AttributeError, OSError, ValueError):  # replaced by a test or a notebook, or closed
            return None


@cache
def writer_of(stream: IO[str]) -> Writer:
    return Writer(stream)


def is_shared(descriptor: int) -> bool:
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def is_writable(descriptor: int, *, wait: bool) -> bool:
    """Also when its reader is gone: writing then says so."""
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return bool(poll.poll(None if wait else 0))


def try_lock(descriptor: int) -> bool:
    """Whether it was free, or the system knows no locks on pipes."""
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1)
    except OSError as error:
        return not isinstance(error, BlockingIOError)
    return True


def unlock(descriptor: int) -> None:
    with suppress(OSError):
        fcntl.lockf(descriptor, fcntl.LOCK_UN, 1)
