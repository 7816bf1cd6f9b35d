"""gunicorn's hooks: a slot of metrics files for each worker, so that several processes count as one.

In gunicorn.conf.py: `from observability.gunicorn import child_exit, on_starting, post_fork, pre_fork, worker_exit`.
Never with preload_app: a metric must not be made before its process has its slot.
"""

from typing import Any

from gunicorn import glogging

from observability import multiprocess, tracing


class Logger(glogging.Logger):
    """No access line: it is the middleware's. gunicorn prepares one as soon as there is a logconfig_dict."""

    access_log_enabled = False

    def access(self, *_: Any) -> None:
        pass


def on_starting(server: Any) -> None:
    """Counts of an earlier master would be added to this one's."""
    if multiprocess.directory() is None and server.cfg.workers > 1:
        raise SystemExit(
            f"{multiprocess.VARIABLE} is not set, but there are {server.cfg.workers} workers, each counting for "
            "itself; expected a directory that gunicorn may empty."
        )
    if server.cfg.preload_app:
        raise SystemExit(
            "preload_app is on, so that all workers would write the master's metrics files; expected it to be off."
        )
    multiprocess.wipe()


def pre_fork(server: Any, worker: Any) -> None:
    """Choose the lowest slot that no live worker writes to; the new one goes on with a dead one's counts."""
    taken = {other.slot for other in server.WORKERS.values()}
    worker.slot = next(slot for slot in range(len(taken) + 1) if slot not in taken)


def post_fork(server: Any, worker: Any) -> None:
    """Before the application, and with it any metric, is loaded."""
    multiprocess.install()
    multiprocess.use_slot(f"web{worker.slot}")


def worker_exit(server: Any, worker: Any) -> None:
    tracing.stop()


def child_exit(server: Any, worker: Any) -> None:
    multiprocess.release(f"web{worker.slot}")
