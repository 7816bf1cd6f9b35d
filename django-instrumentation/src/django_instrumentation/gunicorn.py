"""gunicorn's settings: its workers count as one, and it writes JSON lines.

`gunicorn -c python:django_instrumentation.gunicorn shop.wsgi`, or in a gunicorn.conf.py of the project's own:
`from django_instrumentation.gunicorn import *`.
"""

import contextlib
import logging.config
import os
import signal
from pathlib import Path
from typing import Any

from gunicorn.instrument import statsd

from django_instrumentation import multiprocess, tracing
from django_instrumentation.conf import from_environment_or_exit
from django_instrumentation.logging import logging_config

__all__ = ["logger_class", "on_starting", "post_fork", "post_worker_init", "worker_exit"]


LOG_CONFIGS = ("logconfig_dict", "logconfig_json", "logconfig")
"""Settings by which a project configures gunicorn's logging; the second came with gunicorn 21."""


class Logger(statsd.Statsd):
    """JSON lines, unless the project configures gunicorn's logging; no access line, which is the middleware's.

    --log-level, --error-logfile, --log-syslog and --statsd-host are as ever, beside them.
    """

    access_log_enabled = False

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        if any(cfg.settings[name].get() for name in LOG_CONFIGS if name in cfg.settings):
            return
        logging.config.dictConfig(logging_config(from_environment_or_exit()))
        if cfg.accesslog not in (None, "-"):
            self.error_log.warning(
                "%s stays empty: the access lines are on stdout, made by django_instrumentation", cfg.accesslog
            )

    def access(self, *given: Any) -> None:
        """gunicorn calls it for each request; Statsd counts there."""
        if self.cfg.statsd_host:
            super().access(*given)


logger_class = Logger


def on_starting(server: Any) -> None:
    """The master enters the group, so that counts outlive the death of all workers at once."""
    if multiprocess.directory() is None and server.cfg.workers > 1:
        raise SystemExit(
            f"{multiprocess.VARIABLE} is not set, but there are {server.cfg.workers} workers, each counting for "
            "itself; expected a folder for the metrics files of all."
        )
    _without_a_lost_control_socket(server)
    # Projects in two folders may each have a socket of one relative path.
    addresses = [str(Path.cwd() / each) if isinstance(each, str) else each for each in server.cfg.address]
    multiprocess.enter(f"web-{addresses}")


def _without_a_lost_control_socket(server: Any) -> None:
    """gunicorn 25.1 and later: where nobody named a place and $HOME can't be written, each start would be an error."""
    setting = server.cfg.settings.get("control_socket")
    if setting is None or server.cfg.control_socket_disable or setting.get() != setting.default:
        return
    folder = Path(setting.get()).absolute().parent
    with contextlib.suppress(OSError):  # such as a file system that is read-only
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK | os.X_OK):
        server.cfg.set("control_socket_disable", True)
        server.log.info(
            "There is no control socket for gunicornc: %s can't be written; --control-socket names another place.",
            folder,
        )


def post_fork(server: Any, worker: Any) -> None:
    """Before the application, and with it any metric, is loaded."""
    multiprocess.install()


def post_worker_init(worker: Any) -> None:
    """uvicorn's worker has just undone it: by this signal gunicorn ends a worker that takes too long."""
    if signal.getsignal(signal.SIGABRT) is signal.SIG_DFL:
        signal.signal(signal.SIGABRT, worker.handle_abort)


def worker_exit(server: Any, worker: Any) -> None:
    tracing.stop()
