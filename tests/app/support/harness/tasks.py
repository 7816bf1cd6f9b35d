"""Tasks for the tests of Celery, each with another ending."""

import contextlib
import logging
import os
import signal
import sys
from pathlib import Path

from celery import Task, shared_task
from celery.exceptions import Ignore, Reject, SoftTimeLimitExceeded

logger = logging.getLogger(__name__)


@shared_task
def say(text: str) -> None:
    logger.info("saying %s", text)


@shared_task
def fail(card_token: str) -> None:
    card = "4" + 3 * "111 1" + "111"  # not as such in the source, which an event may show
    raise ValueError(f"card {card} and password={card_token}")


@shared_task
def call_child() -> None:
    say.delay("child")


@shared_task(bind=True, max_retries=1)
def try_twice(self: Task) -> None:
    try:
        raise KeyError("nothing there")
    except KeyError as error:
        raise self.retry(exc=error, countdown=0) from error


@shared_task
def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@shared_task
def vanish(_order: int) -> None:
    """Its own, so that the counts of `die` stay those of its test."""
    os.kill(os.getpid(), signal.SIGKILL)


@shared_task(time_limit=2, soft_time_limit=1)
def hang() -> None:
    while True:
        with contextlib.suppress(SoftTimeLimitExceeded):
            signal.pause()


@shared_task
def tell(text: str, note: str = "") -> None:
    logger.warning("told %s", text, extra={"note": text})
    raise ValueError(text)


@shared_task(soft_time_limit=1)
def dawdle() -> None:
    signal.pause()


@shared_task
def ignore() -> None:
    raise Ignore


@shared_task(acks_late=True)
def reject() -> None:
    raise Reject("no", requeue=False)


@shared_task
def shout(text: str) -> None:
    """As code does that knows nothing of logging."""
    print(f"shouting {text}")  # noqa: T201
    print("to stderr", file=sys.stderr)  # noqa: T201


@shared_task
def add(first: int, second: int) -> int:
    logger.info("adding")
    return first + second


@shared_task
def add_up(numbers: list[int]) -> None:
    logger.info("the sum is %d", sum(numbers))


@shared_task(acks_late=True, reject_on_worker_lost=True)
def die_once(note: str) -> None:
    """Its first run takes its process along, and leaves a note for its second."""
    if not Path(note).exists():
        Path(note).touch()
        os.kill(os.getpid(), signal.SIGKILL)


@shared_task
def leave() -> None:
    sys.exit(3)


@shared_task(acks_late=True)
def leave_late() -> None:
    sys.exit(3)


@shared_task
def wait_for_signal() -> None:
    logger.info("waiting")
    signal.pause()


class Odd(BaseException):
    """No Exception, as some libraries raise for a time-out of their own."""


@shared_task
def raise_odd() -> None:
    raise Odd("nothing catches it")


@shared_task(bind=True, acks_late=True)
def give_back_once(self: Task, note: str) -> None:
    if not Path(note).exists():
        Path(note).touch()
        raise Reject("not now", requeue=True)
