"""How the scripts beside this file write into Bugsink's database while Bugsink saves events there."""

from contextlib import AbstractContextManager

from bugsink.timed_sqlite_backend.base import allow_long_running_queries
from bugsink.transaction import immediate_atomic
from django.db import connection

WAIT_SECONDS = 60


def write_lock() -> AbstractContextManager[None]:
    """A transaction that has SQLite's only write lock from its begin, for which it waits up to WAIT_SECONDS.

    Where a transaction reads first, SQLite refuses its write at once if another one has written in between.
    """
    if connection.vendor == "sqlite":
        connection.settings_dict["OPTIONS"]["timeout"] = WAIT_SECONDS
        allow_long_running_queries()
    return immediate_atomic()
