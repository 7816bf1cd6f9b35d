"""gunicorn: several processes, one slot of metrics files for each, JSON lines from the master too."""

import os

from django_instrumentation.gunicorn import *  # noqa: F403 - gunicorn's own settings, nothing else

bind = "0.0.0.0:8000"
workers = int(os.environ.get("WEB_CONCURRENCY") or 4)
# Threads keep /livez and /metrics answering while a few requests wait for a dead database.
worker_class = "gthread"
threads = int(os.environ.get("WEB_THREADS") or 4)
timeout = 30
graceful_timeout = 25
keepalive = 5
# Workers show the master that they are alive by touching a file; on a disk that can block.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - made by mkstemp
control_socket_disable = True
proc_name = "erp-web"
