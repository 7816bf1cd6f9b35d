"""Of two commands that change the stack, the second waits for the first."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ops.paths import LOCAL
from tests.support.stack import ROOT

HOLD = """
import sys
from ops.lock import alone
with alone("test"):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holding() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLD]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_the_second_says_that_it_waits_and_goes_on_when_the_first_is_killed() -> None:
    with holding() as first:
        assert line(first) == "held\n"
        with holding() as second:
            assert line(second).startswith("Another command holds .local/test.lock; this one goes on when")
            first.kill()
            assert line(second) == "held\n"
    (LOCAL / "test.lock").unlink()
