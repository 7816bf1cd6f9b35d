"""Answers like Sentry's web and relay, in the calls that `make sentry` makes; refuses what they refuse."""

import http.cookies
import json
import re
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.support.serving import serving
from tests.support.sink import events_of

CSRF, SESSION, KEY = "a-csrf-token", "a-session", "0123456789abcdef0123456789abcdef"
FORM = f"<form><input type='hidden' name='csrfmiddlewaretoken' value='{CSRF}'></form>"
LOGIN = "/auth/login/sentry/"


class SentryDouble:
    """`password` gives the one that a user was made with. An event is found when it is asked for a second time."""

    def __init__(self, password: Callable[[], str]) -> None:
        self.password = password
        self.teams: set[str] = set()
        self.projects: list[str] = []
        self.options: dict[str, Any] = {}
        self.events: dict[str, dict[str, Any]] = {}
        self.asked: set[str] = set()
        self.loses_events = False

    def get(self, path: str) -> Any:
        if path == "/api/0/organizations/sentry/":
            return {"slug": "sentry"}
        if found := re.fullmatch(r"/api/0/teams/sentry/([\w-]+)/", path):
            return {"slug": found[1]} if found[1] in self.teams else None
        found = re.fullmatch(r"/api/0/projects/sentry/([\w-]+)/(keys/|events/(\w+)/)?", path)
        if found is None or found[1] not in self.projects:
            return None
        if found[3]:
            return self._event(found[3])
        dsn = f"http://{KEY}@localhost:9000/{self.projects.index(found[1]) + 2}"
        return [{"isActive": True, "dsn": {"public": dsn}}] if found[2] else {"slug": found[1]}

    def _event(self, identifier: str) -> dict[str, Any] | None:
        is_first = identifier not in self.asked
        self.asked.add(identifier)
        return None if is_first or self.loses_events else self.events.get(identifier)

    def put(self, path: str, body: dict[str, Any]) -> Any:
        if path == "/api/0/organizations/sentry/teams/":
            self.teams.add(body["slug"])
        elif found := re.fullmatch(r"/api/0/teams/sentry/([\w-]+)/projects/", path):
            if found[1] not in self.teams:
                return None
            self.projects.append(body["slug"])
        elif path == "/api/0/internal/options/?query=is:required":
            self.options |= body
        else:
            return None
        return {}


@contextmanager
def running(port: int, password: Callable[[], str]) -> Iterator[SentryDouble]:
    double = SentryDouble(password)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path == LOGIN:
                self._answer(200, FORM.encode(), cookie=f"sc={CSRF}; Path=/")
            elif self._cookies.get("sentrysid") != SESSION:
                self._answer(401, b'{"detail": "Authentication credentials were not provided."}')
            else:
                self._json(double.get(self.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if found := re.fullmatch(r"/api/(\d+)/envelope/", self.path):
                self._take_in(int(found[1]), body)
            elif self.path == LOGIN:
                self._log_in(dict(urllib.parse.parse_qsl(body.decode())))
            elif self.headers["X-CSRFToken"] != CSRF or self._cookies.get("sc") != CSRF:
                self._answer(403, b'{"detail": "CSRF Failed: CSRF token missing."}')
            elif self._cookies.get("sentrysid") != SESSION:
                self._answer(401, b"{}")
            else:
                self._json(double.put(self.path, json.loads(body)))

        do_PUT = do_POST  # noqa: N815 - http.server's name

        def _log_in(self, fields: dict[str, str]) -> None:
            right = (fields["op"], fields["csrfmiddlewaretoken"], fields["password"]) == (
                "login",
                CSRF,
                double.password(),
            )
            self._answer(200, b"<html></html>", cookie=f"sentrysid={SESSION}; Path=/; HttpOnly" if right else "")

        def _take_in(self, project: int, body: bytes) -> None:
            if f"sentry_key={KEY}" not in self.headers["X-Sentry-Auth"] or project - 2 >= len(double.projects):
                self._answer(403, b"{}")
                return
            double.events |= {event["event_id"]: event for event in events_of(body)}
            self._answer(200, b"{}")

        @property
        def _cookies(self) -> dict[str, str]:
            parsed = http.cookies.SimpleCookie(self.headers.get("Cookie", ""))
            return {name: morsel.value for name, morsel in parsed.items()}

        def _json(self, value: Any) -> None:
            self._answer(404 if value is None else 200, json.dumps(value).encode())

        def _answer(self, status: int, body: bytes, cookie: str = "") -> None:
            self.send_response(status)
            if cookie:
                self.send_header("Set-Cookie", cookie)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler, port=port):
        yield double
