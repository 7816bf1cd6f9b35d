"""A project's LOGGING and ours in one: its files, mails, filters and levels stay, and no line is written twice.

Our handler takes the place of every handler that writes to the console, with the filters of the root's console: they
may mask what nobody shall see. All other handlers stay where they are.
"""

import logging
import logging.config
from collections.abc import Iterable
from typing import Any

from django.utils.log import DEFAULT_LOGGING

from django_instrumentation import conf, output
from django_instrumentation.logging import ACCESS_LOGGER, HANDLER, LineHandler, logging_config

__all__ = ["configure", "merged"]

SECTIONS = ("filters", "formatters", "handlers", "loggers")
CONSOLES = ("rich.logging.RichHandler", "colorlog.StreamHandler")
"""Handlers that write to the console, beside the subclasses of logging.StreamHandler."""


def configure(given: dict[str, Any]) -> None:
    """For Django's LOGGING_CONFIG: when it is called, the settings are complete."""
    logging.config.dictConfig(merged(given, conf.get()))
    output.silence_daphne()


def merged(given: dict[str, Any] | None, settings: conf.Settings) -> dict[str, Any]:
    """What Django does without any LOGGING, then what the project says, then ours. Neither is changed."""
    ours = logging_config(settings)
    given = given or {}
    theirs = {name: {**DEFAULT_LOGGING[name], **given.get(name, {})} for name in SECTIONS}
    resolver = logging.config.DictConfigurator(given)
    consoles = {name for name, each in theirs["handlers"].items() if _is_console(each, theirs["handlers"], resolver)}
    silent = {name for name, handler in theirs["handlers"].items() if handler.get("class") == "logging.NullHandler"}
    root = {**given.get("loggers", {}).get("", {}), **(given.get("root") or {})}
    # A queue that also fills a file stays, beside ours.
    half = {name for name, handler in theirs["handlers"].items() if not consoles.isdisjoint(_filled_by(handler))}
    of_root = [name for name in root.get("handlers") or () if name in consoles | half]
    filled = [each for name in of_root for each in _filled_by(theirs["handlers"][name]) if each in consoles]
    masks = [
        mask
        for name in (*of_root, *filled)
        for mask in theirs["handlers"][name].get("filters") or ()
        if mask not in DEFAULT_LOGGING["filters"]
    ]
    ours["handlers"][HANDLER]["filters"][:0] = masks
    others = _others(root.get("handlers") or (), consoles)
    names = {**ours["loggers"], **theirs["loggers"]}
    names.pop("", None)
    found: dict[str, Any] = {
        **{key: value for key, value in given.items() if key not in ("incremental", *SECTIONS)},
        "version": 1,
        # Otherwise it silences every logger that a module made before, ours and the project's alike.
        "disable_existing_loggers": False,
        **{name: {**theirs[name], **ours.get(name, {})} for name in SECTIONS[:2]},
        "handlers": {
            **{
                name: {**handler, "handlers": _others(handler["handlers"], consoles)}
                if handler.get("handlers")
                else handler
                for name, handler in theirs["handlers"].items()
                if name not in consoles
            },
            **ours["handlers"],
        },
        "root": {"level": settings.log_level, **root, "handlers": [HANDLER, *others]},
        "loggers": {
            name: _logger(ours["loggers"].get(name, {}), theirs["loggers"].get(name, {}), consoles, half, silent)
            for name in names
        },
    }
    if others:
        # What the project writes to files at the root is its own; our lines would fill them.
        found["loggers"][ACCESS_LOGGER] |= {"handlers": [HANDLER], "propagate": False}
    return found


def _logger(
    ours: dict[str, Any], theirs: dict[str, Any], consoles: set[str], half: set[str], silent: set[str]
) -> dict[str, Any]:
    """Their keys win. Our handler is added where it stands for a console, or where a logger of ours ends."""
    given = list(theirs.get("handlers") or ())
    handlers = _others(given, consoles)
    joined = {**ours, **theirs, "handlers": [*ours.get("handlers", ()), *handlers]}
    ends_ours = ours.get("propagate", False) and not (given and silent.issuperset(given))
    is_silent = ours.get("propagate") is False and not ours.get("handlers")  # a server's access log
    stands_for_one = len(handlers) < len(given) or not half.isdisjoint(given)
    wants_ours = not is_silent and (stands_for_one or ends_ours)
    if not joined.get("propagate", True) and wants_ours and HANDLER not in joined["handlers"]:
        joined["handlers"].insert(0, HANDLER)
    return joined


def _others(names: Iterable[str], consoles: set[str]) -> list[str]:
    return [name for name in names if name not in consoles and name != HANDLER]


def _filled_by(handler: dict[str, Any]) -> list[str]:
    """The handlers that a QueueHandler or a MemoryHandler hands its records to."""
    return [*(handler.get("handlers") or ()), *filter(None, [handler.get("target")])]


def _is_console(handler: dict[str, Any], handlers: dict[str, Any], resolver: Any) -> bool:
    """Whether it writes to stdout or stderr and nowhere else, by itself or by the handlers that it fills."""
    if filled := [handlers[name] for name in _filled_by(handler) if name in handlers]:
        return all(_is_console(each, handlers, resolver) for each in filled)
    made_by = resolver.convert(handler.get("()") or handler.get("class"))  # ext:// and cfg://
    if isinstance(made_by, str):
        if made_by in CONSOLES:
            return True
        made_by = resolver.resolve(made_by)
    if not isinstance(made_by, type):
        return False
    if issubclass(made_by, LineHandler):
        return True
    stream = str(handler.get("stream", "ext://sys.stderr"))
    return (
        issubclass(made_by, logging.StreamHandler) and not issubclass(made_by, logging.FileHandler) and "std" in stream
    )
