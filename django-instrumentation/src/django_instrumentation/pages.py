"""The pages of this package, whatever the project's hosts, URLs and middlewares are.

The middleware shows them in a web process, server.py in one that has no web server.
"""

import json
from collections.abc import Iterable
from operator import attrgetter
from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from prometheus_client.registry import Collector

from django_instrumentation import conf, exposition, forks, health
from django_instrumentation.migrations import PendingMigrationsCollector

PENDING_MIGRATIONS = PendingMigrationsCollector()
_paths = attrgetter(*conf.PATHS)


class Page(NamedTuple):
    status: int
    body: bytes
    content_type: str = "text/plain"

    @property
    def headers(self) -> dict[str, str]:
        found = {"Content-Type": self.content_type, "Content-Length": str(len(self.body))}
        return {**found, "WWW-Authenticate": "Bearer"} if self.status == 401 else found


def paths() -> list[str]:
    return [path for path in _paths(conf.get()) if path]


def find(path: str, authorization: str, *, ready_checks: Iterable[str], collectors: Iterable[Collector]) -> Page | None:
    """May take long: readiness waits for databases, up to health's deadline; metrics are read from many files."""
    settings = conf.get()
    if path in (settings.live_path, settings.health_path):
        return _json(200, {"status": "ok"})
    if path == settings.ready_path:
        with forks.held_back():
            return _json(*health.readiness(ready_checks))
    if path != settings.metrics_path:
        return None
    if not exposition.is_allowed(authorization):
        return Page(401, b"The bearer token is missing or wrong.\n")
    with forks.held_back():
        return Page(200, exposition.render(*collectors), exposition.CONTENT_TYPE)


def is_asked_for(request: HttpRequest) -> bool:
    """The script's prefix, which a project may force, is no part of the path."""
    path = request.path_info
    return bool(path) and path in _paths(conf.get())


def response(request: HttpRequest) -> HttpResponse:
    """The answer to a request that asks for one of them."""
    authorization = request.META.get("HTTP_AUTHORIZATION", "")
    checks = conf.get().ready_checks
    page = find(request.path_info, authorization, ready_checks=checks, collectors=(PENDING_MIGRATIONS,))
    assert page is not None  # noqa: S101 - for the type checker: is_asked_for() said so
    found = HttpResponse(page.body, status=page.status, headers=page.headers)
    # Else Django logs a 503 at ERROR, and the project's handlers mail it to every admin, once a probe.
    found._has_been_logged = True  # type: ignore[attr-defined]
    return found


def _json(status: int, body: dict[str, object]) -> Page:
    return Page(status, json.dumps(body).encode(), "application/json")
