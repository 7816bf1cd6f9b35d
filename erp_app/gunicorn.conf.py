"""gunicorn: several processes, one slot of metrics files for each, JSON lines from the master too."""

import os
from typing import Any

from observability import multiprocess
from observability.logging import logging_config

bind = "0.0.0.0:8000"
workers = int(os.environ.get("WEB_CONCURRENCY") or 3)
# Threads keep /livez and /metrics answering while a few requests wait for a dead database.
worker_class = "gthread"
threads = int(os.environ.get("WEB_THREADS") or 4)
timeout = 30
graceful_timeout = 25
keepalive = 5
# Workers tell the master by a file that they are alive; on a disk that can block.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - made by mkstemp
control_socket_disable = True
proc_name = "erp-web"
# The access line is the middleware's.
accesslog = None
logconfig_dict = logging_config(
    service=os.environ.get("SERVICE") or "erp-web",
    env=os.environ.get("ENV") or "sandbox",
    version=os.environ.get("VERSION") or "dev",
)


def on_starting(server: Any) -> None:
    """Counts of an earlier master would be added to this one's."""
    multiprocess.wipe()


def pre_fork(server: Any, worker: Any) -> None:
    """Choose the lowest slot that no live worker writes to; the new one goes on with a dead one's counts."""
    taken = {other.slot for other in server.WORKERS.values()}
    worker.slot = next(slot for slot in range(len(taken) + 1) if slot not in taken)


def post_fork(server: Any, worker: Any) -> None:
    """Before the application, and with it any metric, is loaded; so never with preload_app."""
    multiprocess.install()
    multiprocess.use_slot(f"web{worker.slot}")


def child_exit(server: Any, worker: Any) -> None:
    multiprocess.release(f"web{worker.slot}")


if multiprocess.directory() is None and workers > 1:
    raise SystemExit(
        f"PROMETHEUS_MULTIPROC_DIR is not set, but there are {workers} workers, each counting for itself; "
        "expected a directory that gunicorn may empty."
    )
