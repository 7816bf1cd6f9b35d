"""Asks this package's own pages in this process, as they are asked in production: for `manage.py check --deploy`."""

import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any
from unittest.mock import patch

import sentry_sdk
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client

from django_instrumentation import conf, exposition, multiprocess

FOREIGN_HOST = "django-instrumentation-check.invalid"


def ask(settings: conf.Settings) -> Iterator[tuple[str, str]]:
    """Each path whose answer isn't ours, and what the answer is."""
    headers = {"Host": FOREIGN_HOST, "Authorization": f"Bearer {settings.metrics_token}"}
    with _apart():
        client = Client(raise_request_exception=False, headers=headers)
        for path in filter(None, (getattr(settings, name) for name in conf.PATHS)):
            try:
                response = client.get(path)
            except Exception as error:
                yield path, f"raises {type(error).__name__}: {error}."
                continue
            if not _is_ours(path, response, settings):
                to = f" to {response['Location']}" if response.has_header("Location") else ""
                yield path, f"is answered with {response.status_code}{to}, and not by django_instrumentation."


def _is_ours(path: str, response: Any, settings: conf.Settings) -> bool:
    if path == settings.metrics_path:
        found = response.status_code, response.headers.get("Content-Type")
        return found == (200, exposition.CONTENT_TYPE) if settings.metrics_token else found[0] == 401
    try:
        body = json.loads(getattr(response, "content", b""))
    except ValueError:
        return False
    return isinstance(body, dict) and "checks" in body if path == settings.ready_path else body == {"status": "ok"}


@contextmanager
def _apart() -> Iterator[None]:
    """No connection to a database, no metrics file, no event: a check leaves nothing behind."""
    with (
        patch.object(BaseDatabaseWrapper, "ensure_connection", _refuse),
        patch.dict(os.environ),
        _without_events(),
    ):
        os.environ.pop(multiprocess.VARIABLE, None)
        yield


def _without_events() -> AbstractContextManager[Any]:
    """In every thread; a scope's client would hold in this one only."""
    transport = sentry_sdk.get_client().transport
    return patch.object(transport, "capture_envelope") if transport is not None else nullcontext()


def _refuse(_connection: BaseDatabaseWrapper) -> None:
    raise OperationalError("django_instrumentation's check asks without the database")
