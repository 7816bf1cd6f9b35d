"""gunicorn's hooks, so that its workers count as one.

In gunicorn.conf.py: `from django_o11y.gunicorn import on_starting, post_fork, worker_exit`.
"""

from typing import Any

from gunicorn import glogging

from django_o11y import multiprocess, tracing


class Logger(glogging.Logger):
    """No access line: it is the middleware's. gunicorn prepares one as soon as there is a logconfig_dict."""

    access_log_enabled = False

    def access(self, *_: Any) -> None:
        pass


def on_starting(server: Any) -> None:
    """The master enters the group, so that counts outlive the death of all workers at once."""
    if multiprocess.directory() is None and server.cfg.workers > 1:
        raise SystemExit(
            f"{multiprocess.VARIABLE} is not set, but there are {server.cfg.workers} workers, each counting for "
            "itself; expected a folder for the metrics files of all."
        )
    multiprocess.enter(f"web-{server.cfg.address}")


def post_fork(server: Any, worker: Any) -> None:
    """Before the application, and with it any metric, is loaded."""
    multiprocess.install()


def worker_exit(server: Any, worker: Any) -> None:
    tracing.stop()
