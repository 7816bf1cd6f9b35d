"""Log lines stay whole, and neither their reader nor another process holds up the one that logs."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from harness.reader import Reader
from harness.samples import here
from harness.wait import eventually

from django_instrumentation import line_handler
from django_instrumentation.line_handler import Writer

DROPPED = "log_lines_dropped_total"
Pipe = tuple[int, int]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """The two ends of a pipe that nobody reads yet."""
    reader, writer = os.pipe()
    yield reader, writer
    for end in (reader, writer):
        if Path(f"/proc/self/fd/{end}").exists():
            os.close(end)


def writer_to(descriptor: int) -> Writer:
    return Writer(os.fdopen(descriptor, "w", closefd=False))


class Losses:
    """How many lines were dropped since it was made."""

    def __init__(self) -> None:
        self.before = self._all()

    def _all(self) -> dict[str, float]:
        return {reason: here(DROPPED, reason=reason) for reason in ("slow_reader", "write_failed", "exit")}

    def __call__(self) -> dict[str, float]:
        now = self._all()
        return {reason: now[reason] - before for reason, before in self.before.items() if now[reason] > before}


@pytest.mark.parametrize("length", [100, 5_000, 100_000])
def test_a_stalled_reader_costs_lines_and_no_time(pipe: Pipe, length: int) -> None:
    reader, writer = pipe
    lost, put, longest = Losses(), writer_to(writer).put, 0.0
    number = 3_000_000 // length
    for each in range(number):
        began = time.monotonic()
        put(b"%d %s\n" % (each, b"x" * length))
        longest = max(longest, time.monotonic() - began)
    assert longest < 0.5
    assert set(lost()) == {"slow_reader"}
    text = Reader(reader)
    lines = text.lines(number - int(lost()["slow_reader"]))
    put(b"after\n")
    assert text.lines(len(lines) + 1)[-1] == b"after"
    assert {len(line.partition(b" ")[2]) for line in lines} == {length}
    numbers = [int(line.partition(b" ")[0]) for line in lines]
    assert numbers == sorted(numbers)
    assert len(numbers) + lost()["slow_reader"] == number
    assert len(numbers) * length > 900_000


HOLDER = """
import os, signal, sys
from django_instrumentation.line_handler import Writer
writer = Writer(os.fdopen(1, "w", closefd=False))
writer.put(b"h" * 200_000 + b"\\n")
print("begun", file=sys.stderr, flush=True)
signal.pause()
"""


@pytest.fixture
def holder(pipe: Pipe) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the pipe's lock in the middle of a line, since nobody reads."""
    command = [sys.executable, "-c", HOLDER]
    with subprocess.Popen(command, stdout=pipe[1], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == "begun\n"
        yield process
        process.kill()


def test_a_process_in_the_middle_of_a_line_is_waited_for_by_no_request(
    pipe: Pipe, holder: subprocess.Popen[str]
) -> None:
    put = writer_to(pipe[1]).put
    began = time.monotonic()
    put(b"mine\n")
    assert time.monotonic() - began < 0.5
    assert Reader(pipe[0]).lines(2) == [b"h" * 200_000, b"mine"]


def test_a_frozen_process_is_waited_for_only_so_long(
    pipe: Pipe, holder: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_handler, "THREAD_LOCK_SECONDS", 0.5)
    os.kill(holder.pid, signal.SIGSTOP)
    eventually(lambda: Path(f"/proc/{holder.pid}/stat").read_text().split()[2] == "T", "it to stand still")
    text, put = Reader(pipe[0]), writer_to(pipe[1]).put
    eventually(lambda: text.text, "what the frozen process has written")
    put(b"first\n")
    assert text.lines(1)[0].endswith(b"first")
    began = time.monotonic()
    for each in range(20):
        put(b"%d\n" % each)
    assert text.lines(21)[1:] == [b"%d" % each for each in range(20)]
    assert time.monotonic() - began < 0.5
    os.kill(holder.pid, signal.SIGCONT)
    assert text.lines(22)[21].endswith(b"h")


def test_another_services_stalled_reader_is_no_matter(pipe: Pipe, holder: subprocess.Popen[str]) -> None:
    reader, writer = os.pipe()
    text = Reader(reader)
    put = writer_to(writer).put
    threads = threading.active_count()
    for each in range(100):
        put(b"%d\n" % each)
    assert len(text.lines(100)) == 100
    assert threading.active_count() == threads
    os.close(writer)


def close_reader(pipe: Pipe) -> None:
    os.close(pipe[0])


def close_stdout(pipe: Pipe) -> None:
    os.close(pipe[1])


@pytest.mark.parametrize("break_it", [close_reader, close_stdout])
def test_a_closed_stdout_is_counted_and_said_by_no_traceback(
    pipe: Pipe, break_it: Callable[[Pipe], None], capfd: pytest.CaptureFixture[str]
) -> None:
    lost, put = Losses(), writer_to(pipe[1]).put
    break_it(pipe)
    for _ in range(3):
        put(b"line\n")
    assert lost() == {"write_failed": 3}
    assert capfd.readouterr() == ("", "")


def test_no_stdout_at_all_is_counted() -> None:
    lost = Losses()
    Writer(None).put(b"line\n")
    assert lost() == {"write_failed": 1}


def test_a_full_disk_is_counted_and_leaves_the_next_line_whole(small_disk: Path) -> None:
    path = small_disk / "lines"
    lost = Losses()
    with path.open("a") as file:
        put = Writer(file).put
        put(b"x" * (16 << 20) + b"\n")
        file.truncate(1_000)
        put(b"next\n")
    assert lost() == {"write_failed": 1}
    assert path.read_text() == "x" * 1_000 + "\nnext\n"
    path.unlink()


def test_a_stdout_that_another_program_made_non_blocking_and_fills(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    lost, put = Losses(), writer_to(pipe[1]).put
    os.set_blocking(pipe[1], False)
    real = line_handler.is_writable

    def filled_meanwhile(descriptor: int, *, wait: bool) -> bool:
        found = real(descriptor, wait=wait)
        monkeypatch.setattr(line_handler, "is_writable", real)
        with suppress(BlockingIOError):
            while True:
                os.write(pipe[1], b"other\n")
        return found

    monkeypatch.setattr(line_handler, "is_writable", filled_meanwhile)
    for _ in range(10):
        put(b"x" * 20_000 + b"\n")
    text = Reader(pipe[0])
    eventually(lambda: text.text.count(b"x\n") == 10, "all lines")
    assert set(text.text.splitlines()) == {b"other", b"x" * 20_000}
    assert lost() == {}


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")  # Python 3.12 and newer
def test_a_forked_child_writes_none_of_its_parents_lines(pipe: Pipe) -> None:
    writer = writer_to(pipe[1])
    for _ in range(10):
        writer.put(b"x" * 20_000 + b"\n")
    child = os.fork()
    if child == 0:
        writer.put(b"child\n")
        writer._finish()
        os._exit(writer._lost.total())
    text = Reader(pipe[0])
    lines = text.lines(11)
    assert os.waitpid(child, 0)[1] == 0
    assert sorted(lines) == [b"child", *[b"x" * 20_000] * 10]


def test_a_signal_handler_that_logs_in_the_middle_of_a_line(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = writer_to(pipe[1])
    real = line_handler.is_writable

    def interrupted(descriptor: int, *, wait: bool) -> bool:
        monkeypatch.setattr(line_handler, "is_writable", real)
        signal.raise_signal(signal.SIGUSR1)
        return real(descriptor, wait=wait)

    monkeypatch.setattr(line_handler, "is_writable", interrupted)
    before = signal.signal(signal.SIGUSR1, lambda *_: writer.put(b"handler\n"))
    try:
        writer.put(b"line\n")
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert os.read(pipe[0], 100) == b"line\nhandler\n"


ENDS = """
import atexit, os, sys
from prometheus_client import REGISTRY
from django_instrumentation import metrics
from django_instrumentation.line_handler import Writer
lost = lambda: REGISTRY.get_sample_value("log_lines_dropped_total", {"reason": "exit"})
atexit.register(lambda: print(lost(), file=sys.stderr))
writer = Writer(os.fdopen(1, "w", closefd=False))
for _ in range(10):
    writer.put(b"x" * 20_000 + b"\\n")
"""


@pytest.mark.parametrize(("reads", "lost"), [(True, "0.0"), (False, "7.0")])
def test_a_process_that_ends_waits_a_moment_for_its_reader(pipe: Pipe, reads: bool, lost: str) -> None:
    command = [sys.executable, "-c", ENDS]
    with subprocess.Popen(command, stdout=pipe[1], stderr=subprocess.PIPE, text=True) as process:
        text = Reader(pipe[0]) if reads else None
        assert process.communicate(timeout=30) == (None, f"{lost}\n")
    if text:
        assert text.lines(10) == [b"x" * 20_000] * 10
