"""The stack that the faults break: one of their own beside the first one, with the sample and its shoppers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ops import faults
from ops.commands import known
from ops.console import OpsError, say
from tests.support.second_stack import SecondStack, left

PROJECT = "faults"


@contextmanager
def running() -> Iterator[SecondStack]:
    """Started anew, and gone afterwards; meanwhile tests/support and ops mean it."""
    stack = SecondStack(PROJECT=PROJECT, SAMPLE="on")
    if left(PROJECT):
        stack.make("clean", "CONFIRM=yes")
    try:
        stack.make("up", timeout=900)
        with stack.in_place_of_the_first():
            try:
                yield stack
            finally:
                _mend_all()
    finally:
        stack.make("clean", "CONFIRM=yes")


def _mend_all() -> None:
    """What an interrupted run has left, so that nothing of the machine is kept by it."""
    try:
        faults.mend_all(known(), faults.broken(known()))
    except OpsError as error:
        say(str(error))
