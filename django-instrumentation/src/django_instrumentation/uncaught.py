"""Exceptions that nobody caught, in the main thread, other threads and finalizers: log lines like any other."""

import logging
import re
import sys
import threading
from contextvars import Context, copy_context
from types import TracebackType
from typing import Any

from django.core.management import CommandError

from django_instrumentation import terminal

NAMED = re.compile(r"<[\w ]+ (?P<name>\S+) at 0x")
"""Whose finalizer it was, in what Python 3.14 says of it."""
logger = logging.getLogger("uncaught")
_log_format = "auto"
_before: Any = None
"""The hook of sys that was there, such as that of a library which makes tracebacks colourful."""


def install(log_format: str) -> None:
    global _log_format, _before
    _log_format = log_format
    if _before is not None:
        return
    _before = sys.excepthook
    logging.captureWarnings(True)
    sys.excepthook = _end_of_process
    # Another hook, such as pytest's, has a purpose of its own.
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = _end_of_thread
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _in_finalizer


def _end_of_process(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A person at a terminal or in an interactive shell gets Python's own traceback, and Ctrl+C is no error."""
    if issubclass(kind, KeyboardInterrupt | CommandError) or hasattr(sys, "ps1") or terminal.is_wanted(_log_format):
        _before(kind, error, trace)
    else:
        logger.critical("%s: %s", kind.__name__, error, exc_info=(kind, error, trace))


def _end_of_thread(args: threading.ExceptHookArgs) -> None:
    if issubclass(args.exc_type, SystemExit):
        return
    # Since Python 3.14 a thread has a context of its own and has left it by now: it has the ids, and the Sentry SDK's
    # note that this exception is an event already. A copy, because a library may ask from within it.
    own = getattr(args.thread, "_context", None)  # of an older Python's it is an attribute of the project's
    context = own.copy() if isinstance(own, Context) else copy_context()
    context.run(_log, args, f"in thread {args.thread.name if args.thread else '<unknown>'}")


def _in_finalizer(args: "sys.UnraisableHookArgs") -> None:
    try:
        _log(args, f"in {_finalizer(args)}")
    except Exception:  # the interpreter ends, and what logging needs is gone
        sys.__unraisablehook__(args)


def _finalizer(args: "sys.UnraisableHookArgs") -> str:
    if args.object is None:  # since Python 3.14, which names it in a text
        named = NAMED.search(args.err_msg or "")
        return named["name"] if named else "a finalizer"
    return getattr(args.object, "__qualname__", None) or type(args.object).__name__


def _log(args: Any, where: str) -> None:
    if args.exc_value is not None:
        found = (args.exc_type, args.exc_value, args.exc_traceback)
        logger.error("%s %s: %s", args.exc_type.__name__, where, args.exc_value, exc_info=found)
