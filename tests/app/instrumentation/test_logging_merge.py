"""A project's LOGGING lives on: no line twice, none lost, whatever it says."""

import io
import json
import logging
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import pytest
from harness import scripts

from django_instrumentation.conf import Settings
from django_instrumentation.logging import HANDLER
from django_instrumentation.logging_merge import merged

CONSOLE = {"class": "logging.StreamHandler", "formatter": "plain"}
PLAIN = {"plain": {"format": "%(levelname)s %(name)s %(message)s"}}
PRETIX = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(levelname)s %(asctime)s %(name)s %(module)s %(message)s"}},
    "filters": {
        "require_admin_enabled": {"()": "harness.log_filters.Wanted"},
        "request_id": {"()": "harness.log_filters.Numbered"},
    },
    "handlers": {
        "console": {"level": "INFO", "filters": ["request_id"], **CONSOLE},
        "csp_file": {"level": "INFO", "class": "logging.FileHandler", "filename": "csp.log", "formatter": "plain"},
        "file": {
            "level": "INFO",
            "class": "logging.handlers.RotatingFileHandler",
            "filename": "app.log",
            "formatter": "plain",
            "filters": ["request_id"],
        },
        "mail_admins": {
            "level": "ERROR",
            "class": "django.utils.log.AdminEmailHandler",
            "filters": ["require_admin_enabled"],
        },
        "null": {"class": "logging.NullHandler"},
    },
    "loggers": {
        "": {"handlers": ["file", "console"], "level": "INFO", "propagate": True},
        "pretix.security.csp": {"handlers": ["csp_file"], "level": "INFO", "propagate": False},
        "django.request": {"handlers": ["file", "console", "mail_admins"], "level": "ERROR", "propagate": False},
        "django.security": {"handlers": ["file", "console", "mail_admins"], "level": "ERROR", "propagate": False},
        "django.security.DisallowedHost": {"handlers": ["null"], "propagate": False},
        "django.db.backends": {"handlers": ["file", "console"], "level": "INFO", "propagate": False},
    },
}
COOKIECUTTER = {
    "version": 1,
    "disable_existing_loggers": True,
    "formatters": PLAIN,
    "handlers": {"console": {"level": "DEBUG", **CONSOLE}},
    "root": {"level": "INFO", "handlers": ["console"]},
    "loggers": {
        "django.db.backends": {"level": "ERROR", "handlers": ["console"], "propagate": False},
        "sentry_sdk": {"level": "ERROR", "handlers": ["console"], "propagate": False},
        "django.security.DisallowedHost": {"level": "ERROR", "handlers": ["console"], "propagate": False},
    },
}
STRUCTLOG = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": PLAIN,
    "handlers": {
        "console": CONSOLE,
        "flat_line_file": {"class": "logging.handlers.WatchedFileHandler", "filename": "app.log", "formatter": "plain"},
    },
    "loggers": {
        "django_structlog": {"handlers": ["console", "flat_line_file"], "level": "INFO"},
        "shop": {"handlers": ["console", "flat_line_file"], "level": "INFO"},
    },
    "root": {"handlers": ["flat_line_file"], "level": "INFO"},
}
FILTERED = {
    **COOKIECUTTER,
    "filters": {"wanted": {"()": "harness.log_filters.Wanted"}},
    "handlers": {"console": {**CONSOLE, "filters": ["wanted", "require_debug_true"]}},
}
QUEUE = {
    "version": 1,
    "formatters": PLAIN,
    "handlers": {
        "console": {**CONSOLE, "stream": "ext://sys.stdout"},
        "file": {"class": "logging.FileHandler", "filename": "app.log", "formatter": "plain"},
        "memory": {"class": "logging.handlers.MemoryHandler", "capacity": 1, "target": "console"},
    },
    "root": {"handlers": ["memory", "file"], "level": "WARNING"},
}
LOGGINGS = {
    **{"none": {}, "pretix": PRETIX, "cookiecutter": COOKIECUTTER, "structlog": STRUCTLOG},
    **{"filtered": FILTERED, "memory": QUEUE},
}
SAY = """
import json, logging, logging.config, os, sys
import django
from django.conf import settings
import django_instrumentation

early = logging.getLogger("made.before")
namespace = {"SECRET_KEY": "s", "ADMINS": [("Ada", "ada@example.com")], "LOGGING": json.loads(sys.argv[1]),
             "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend", "EMAIL_FILE_PATH": "mails"}
django_instrumentation.setup(namespace, service="shop", log_format="json")
django_instrumentation.setup(namespace)
settings.configure(**{name: value for name, value in namespace.items() if name.isupper()})
django.setup()
for name in ("shop", "shop.orders", "made.before", "pretix.security.csp", "django.request",
             "django.server", "django.security.DisallowedHost", "sentry_sdk", "celery.worker", "access", "uncaught"):
    try:
        raise ValueError(name)
    except ValueError as error:
        logging.getLogger(name).error("said by %s", name, exc_info=error)
logging.getLogger("django.request").warning("Not Found: /favicon.ico")
"""


class Said(NamedTuple):
    console: list[str]
    """The loggers of its lines."""
    files: dict[str, str]
    mails: str


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Said]:
    """What a process with one of LOGGINGS writes, which is started once for all tests."""

    @cache
    def of(name: str) -> Said:
        folder = tmp_path_factory.mktemp("said")
        written = scripts.output("-c", SAY, json.dumps(LOGGINGS[name]), cwd=folder)
        console = [json.loads(line)["logger"] for line in written.splitlines()]
        files = {file.name: file.read_text() for file in folder.glob("*.log")}
        return Said(console, files, "".join(mail.read_text() for mail in folder.glob("mails/*")))

    return of


ALWAYS = {"shop", "shop.orders", "made.before", "django.request", "sentry_sdk", "celery.worker", "access", "uncaught"}


@pytest.mark.parametrize("name", LOGGINGS)
def test_no_line_is_written_twice_and_none_is_lost(name: str, said: Callable[[str], Said]) -> None:
    console = said(name).console
    assert len(console) == len(set(console)), console
    # One of Django's own filters for DEBUG masks none of ours, which are for production.
    assert ALWAYS - set(console) == ({"shop"} if name == "filtered" else set())


def test_files_mails_and_filters_live_on(said: Callable[[str], Said]) -> None:
    console, files, mails = said("pretix")
    app, csp = files["app.log"], files["csp.log"]
    assert "said by shop.orders" in app
    assert "said by django.request" in app
    assert ("said by access" in app, "pretix.security.csp" in console) == (False, False)
    assert "said by pretix.security.csp" in csp
    assert ("said by django.request" in mails, "said by shop" in mails) == (True, False)


def test_django_mails_the_admins_without_any_logging_of_the_project(said: Callable[[str], Said]) -> None:
    assert "said by django.request" in said("none").mails


def test_what_a_project_writes_about_a_4xx_stays_in_its_file(said: Callable[[str], Said]) -> None:
    console, files, _ = said("structlog")
    assert "Not Found: /favicon.ico" in files["app.log"]
    assert console.count("django.request") == 1


def test_merging_changes_neither_and_keeps_levels() -> None:
    before = json.dumps(PRETIX)
    found = merged(PRETIX, Settings(service="shop", log_level="DEBUG"))
    assert json.dumps(PRETIX) == before
    assert found["root"] == {"handlers": [HANDLER, "file"], "level": "INFO", "propagate": True}
    assert found["handlers"]["file"] == PRETIX["handlers"]["file"]
    assert found["loggers"]["django.security.DisallowedHost"]["handlers"] == ["null"]
    assert merged(None, Settings(service="shop", log_level="DEBUG"))["root"]["level"] == "DEBUG"


def test_a_handler_of_another_stream_is_no_console() -> None:
    buffer = {"class": "logging.StreamHandler", "stream": io.StringIO()}
    given = {"version": 1, "handlers": {"buffer": buffer}, "root": {"handlers": ["buffer"]}}
    assert merged(given, Settings(service="shop"))["root"]["handlers"] == [HANDLER, "buffer"]


@pytest.mark.parametrize(
    "console",
    [
        {"()": "ext://harness.log_filters.Handlers.Console"},
        {"()": "cfg://makers.console"},
        {"class": "harness.log_filters.Handlers.Console"},
        {**CONSOLE, "filters": None},
    ],
    ids=["ext", "cfg", "in a class", "no filters"],
)
def test_what_dict_config_takes_is_taken(console: dict[str, Any]) -> None:
    """A key without a value is None in YAML."""
    given = {
        "version": 1,
        "makers": {"console": "harness.log_filters.Handlers.Console"},
        "handlers": {"console": console},
        "root": {"handlers": ["console"]},
        "loggers": {"shop": {"handlers": None}},
    }
    found = merged(given, Settings(service="shop"))
    assert (found["root"]["handlers"], found["loggers"]["shop"]["handlers"]) == ([HANDLER], [])
    for root in (None, {"handlers": None}):
        assert merged({"version": 1, "root": root}, Settings(service="shop"))["root"]["handlers"] == [HANDLER]


def test_a_queue_in_front_of_a_console_is_one_and_in_front_of_a_file_too_it_stays_beside_ours() -> None:
    """As dictConfig makes them since Python 3.12."""
    queue = {"class": "logging.handlers.QueueHandler"}
    handlers = {
        "console": {**CONSOLE, "filters": ["masked"]},
        "file": {"class": "logging.FileHandler", "filename": "app.log"},
        "only": {**queue, "handlers": ["console"]},
        "both": {**queue, "handlers": ["console", "file"]},
    }
    loggers = {name: {"handlers": [name], "propagate": False} for name in ("only", "both", "file")}
    given = {"version": 1, "handlers": handlers, "loggers": loggers, "root": {"handlers": ["only"]}}
    found = merged(given, Settings(service="shop"))
    assert found["root"]["handlers"] == [HANDLER]
    assert found["handlers"][HANDLER]["filters"][0] == "masked"
    assert {name: found["loggers"][name]["handlers"] for name in loggers} == {
        "only": [HANDLER],
        "both": [HANDLER, "both"],
        "file": ["file"],
    }
    assert found["handlers"]["both"]["handlers"] == ["file"]


def test_structlog_s_event_is_the_message(lines: list[dict[str, Any]]) -> None:
    """As structlog.stdlib.ProcessorFormatter.wrap_for_formatter hands it to logging."""
    try:
        raise ValueError("the reason")
    except ValueError:
        event = {"event": "order placed", "order": 7, "password": "hunter2", "level": "error", "exc_info": True}
        given = {"_logger": object(), "_name": "shop"}
        logging.getLogger("shop").error(event, extra=given)
    (line,) = lines
    assert (line["message"], line["extra"]["order"]) == ("order placed", 7)
    assert "the reason" in line["exception"]
    assert set(line["extra"]) == {"order", "password", "level"}
    assert "hunter2" not in str(line)
