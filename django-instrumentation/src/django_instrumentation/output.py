"""Which stream takes the log lines: stdout, or stderr where stdout is the product of a manage.py command."""

import sys
from types import FrameType
from typing import IO, Any

SERVERS = (
    *("runserver", "runserver_plus", "testserver"),
    *("db_worker", "runworker", "rqworker", "qcluster", "run_huey", "celery"),
)
"""Commands that go on until they are stopped. All others may be redirected to a file, as dumpdata is."""

_stream = "stdout"


def silence_daphne() -> None:
    """It prints each request, with its query string and the client's address. What it writes to a file stays."""
    daphne: Any = sys.modules.get("daphne.access")
    if daphne is None:
        return
    write = daphne.AccessLogGenerator.write_entry

    def write_to_files(self: Any, *args: Any, **options: Any) -> None:
        if self.stream not in (sys.stdout, sys.stderr):
            write(self, *args, **options)

    daphne.AccessLogGenerator.write_entry = write_to_files


def choose() -> None:
    """To be called when logging is configured: Django does that within the command, whatever script runs it."""
    global _stream
    _stream = "stderr" if _command() not in (None, *SERVERS) else "stdout"


def stream() -> IO[str]:
    found: IO[str] = getattr(sys, _stream)
    return found


def is_terminal() -> bool:
    try:
        return stream().isatty()
    except AttributeError:  # none at all, or an object of the project's own
        return False


def _command() -> str | None:
    """The name of the command that this process runs. A server that uses call_command() runs none."""
    management = sys.modules.get("django.core.management")
    execute = management.ManagementUtility.execute.__code__ if management else None
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        if frame.f_code is execute:
            return "".join(frame.f_locals["self"].argv[1:2])
        frame = frame.f_back
    return None
