"""The class of every task: one that takes its process along each time is set aside."""

from hashlib import sha256
from typing import Any

from celery import Task as CeleryTask
from django.core.cache import cache
from redis import RedisError

TRIES = 5
DAY_SECONDS = 24 * 60 * 60


class TaskSetAside(Exception):
    """Raised in place of a task that was begun TRIES times and never ended."""


class Task(CeleryTask):
    """Counts in the cache how often it was begun with these arguments since it last ended, however it ended.

    The broker gives out a task again whose worker died, and finish_orders sends it again: one that needs too much
    memory, or hangs until its time limit, would end processes for ever. A day after the first time it is tried again.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.request.called_directly or self.request.is_eager:
            return super().__call__(*args, **kwargs)
        key = f"task-begun:{sha256(repr((self.name, args, sorted(kwargs.items()))).encode()).hexdigest()}"
        if _begun(key) > TRIES:
            raise TaskSetAside(
                f"{self.name} took its process along {TRIES} times with these arguments. It is tried again in a day."
            )
        try:
            return self.run(*args, **kwargs)
        finally:
            _ended(key)


def _begun(key: str) -> int:
    """How often, this time included; 1 where the cache doesn't know."""
    try:
        return 1 if cache.add(key, 1, DAY_SECONDS) else int(cache.incr(key))
    except (RedisError, ValueError):
        return 1


def _ended(key: str) -> None:
    try:
        cache.delete(key)
    except RedisError:
        return
