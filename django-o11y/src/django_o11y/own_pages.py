"""Asks this package's own pages in this process, as they are asked in production: for `manage.py check --deploy`."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.util import setup_testing_defaults

import sentry_sdk
from django.core.handlers.wsgi import WSGIHandler
from django.db import OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http.response import HttpResponseBase
from sentry_sdk.client import NonRecordingClient

from django_o11y import conf, exposition, multiprocess

FOREIGN_HOST = "django-o11y-check.invalid"


def ask(settings: conf.Settings) -> Iterator[tuple[str, str]]:
    """Each path whose answer isn't ours, and what the answer is."""
    with _apart():
        handler = WSGIHandler()
        for path, is_right in (
            (settings.live_path, lambda response: _json(response) == {"status": "ok"}),
            (settings.ready_path, lambda response: "checks" in _json(response)),
            (settings.metrics_path, lambda response: _is_exposition(response, settings.metrics_token)),
        ):
            if wrong := _wrong(handler, path, is_right, settings.metrics_token):
                yield path, wrong


def _wrong(handler: WSGIHandler, path: str, is_right: Callable[[HttpResponseBase], bool], token: str) -> str:
    environ: dict[str, Any] = {"PATH_INFO": path, "HTTP_HOST": FOREIGN_HOST, "HTTP_AUTHORIZATION": f"Bearer {token}"}
    setup_testing_defaults(environ)
    try:
        response = handler(environ, _start_response)
    except Exception as error:
        return f"raises {type(error).__name__}: {error}."
    response.close()
    if is_right(response):
        return ""
    to = f" to {response['Location']}" if response.has_header("Location") else ""
    return f"is answered with {response.status_code}{to}, and not by django_o11y."


def _start_response(*_: Any) -> Callable[[bytes], object]:
    return lambda _body: None


def _json(response: HttpResponseBase) -> dict[str, Any]:
    try:
        found = json.loads(getattr(response, "content", b""))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _is_exposition(response: HttpResponseBase, token: str) -> bool:
    if not token:
        return response.status_code == 401
    return response.status_code == 200 and response["Content-Type"] == exposition.CONTENT_TYPE


@contextmanager
def _apart() -> Iterator[None]:
    """No connection to a database, no metrics file, no event: a check leaves nothing behind."""
    base: Any = BaseDatabaseWrapper
    connect, base.connect = base.connect, _refuse
    folder = os.environ.pop(multiprocess.VARIABLE, None)
    opened = _forget_connections()
    try:
        with sentry_sdk.new_scope() as scope:
            scope.set_client(NonRecordingClient())
            yield
    finally:
        _forget_connections()
        for connection in opened:
            connections[connection.alias] = connection
        base.connect = connect
        if folder is not None:
            os.environ[multiprocess.VARIABLE] = folder


def _forget_connections() -> list[BaseDatabaseWrapper]:
    """Those of this thread. They stay open; whoever asks for one gets another."""
    found = list(connections.all(initialized_only=True))
    for connection in found:
        del connections[connection.alias]
    return found


def _refuse(_connection: BaseDatabaseWrapper) -> None:
    raise OperationalError("django_o11y's check asks without the database")
