"""Sentry's web API, as its own integration tests use it: a session, a cross-site token, JSON."""

import http.cookiejar
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from http import HTTPStatus
from typing import Any

from ops.console import OpsError
from ops.wait import attempts

ORGANIZATION = "sentry"  # a self-hosted Sentry has this one, which its installer makes
TOKEN = re.compile(r"""name=["']csrfmiddlewaretoken["'] value=["']([^"']+)["']""")
FOUND_SECONDS = 120  # the limit of Sentry's own tests
LOGIN = f"/auth/login/{ORGANIZATION}/"


class SentryApi:
    def __init__(self, base: str, link: str, *, user: str, password: str) -> None:
        """`base` is where this machine reaches it, `link` where browsers do."""
        self.base = base
        self._link = link
        self._jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self._jar)
        )
        self._log_in(user, password)

    def _log_in(self, user: str, password: str) -> None:
        page = self._ask("GET", LOGIN)
        token = TOKEN.search(page.decode(errors="replace"))
        if token is None:
            raise OpsError(
                f"{self.base}{LOGIN} has no log-in form; expected Sentry's. `make sentry` again once it is up."
            )
        fields = {"op": "login", "username": user, "password": password, "csrfmiddlewaretoken": token[1]}
        self._ask("POST", LOGIN, urllib.parse.urlencode(fields).encode())
        if self.get(f"/api/0/organizations/{ORGANIZATION}/") is None:
            raise OpsError(
                f"Sentry at {self.base} has no organization {ORGANIZATION!r}; expected the one of its installer. "
                "Remove its folder's file .installed and run `make sentry` again."
            )

    def get(self, path: str) -> Any:
        """None where there is no such thing."""
        try:
            return json.loads(self._ask("GET", path))
        except LookupError:
            return None

    def send(self, method: str, path: str, body: dict[str, Any]) -> Any:
        return json.loads(self._ask(method, path, json.dumps(body).encode(), "application/json"))

    def _ask(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> bytes:
        token = next((cookie.value for cookie in self._jar if cookie.name == "sc"), None) or ""
        headers = {"Referer": f"{self.base}{path}", "X-CSRFToken": token, **({"Content-Type": kind} if kind else {})}
        request = urllib.request.Request(f"{self.base}{path}", body, headers, method=method)  # noqa: S310
        try:
            with self._opener.open(request, timeout=60) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            if error.code == HTTPStatus.NOT_FOUND:
                raise LookupError(path) from None
            said = error.read().decode(errors="replace")[:300]
            raise OpsError(
                f"Sentry answered {method} {path} with {error.code}: {said or 'nothing'}; expected a success. "
                "Where it is the log-in, its user was changed by hand: `make sentry` sets the password anew."
            ) from None
        except OSError as error:
            raise OpsError(f"Sentry doesn't answer at {self.base} ({error}). `make sentry` starts it.") from None

    def answer_wizard(self, admin: str) -> None:
        """The questions that it would ask whoever logs in first."""
        options = {
            "system.url-prefix": self._link,
            "system.admin-email": admin,
            "auth.allow-registration": False,
            "beacon.anonymous": True,
        }
        self.send("PUT", "/api/0/internal/options/?query=is:required", options)

    def dsn(self, name: str, host: str) -> str:
        """Of the project of this name, which is made where it isn't there, with `host` as the way to it."""
        project = f"/api/0/projects/{ORGANIZATION}/{name}/"
        if self.get(project) is None:
            team = f"/api/0/teams/{ORGANIZATION}/{name}/"
            if self.get(team) is None:
                self.send("POST", f"/api/0/organizations/{ORGANIZATION}/teams/", {"name": name, "slug": name})
            self.send("POST", f"{team}projects/", {"name": name, "slug": name, "platform": "python-django"})
        keys = self.get(f"{project}keys/") or []
        found = [urllib.parse.urlsplit(key["dsn"]["public"]) for key in keys if key.get("isActive", True)]
        if not found:
            raise OpsError(
                f"Sentry's project {name} has no active key; expected one. Make it under Settings, Projects, {name}, "
                "Client Keys, and run `make sentry` again."
            )
        return f"http://{found[0].username}@{host}{found[0].path}"

    def await_event(self, name: str, event: str) -> None:
        path = f"/api/0/projects/{ORGANIZATION}/{name}/events/{event}/"
        for _ in attempts(FOUND_SECONDS, 1):
            if self.get(path) is not None:
                return
        raise OpsError(
            f"Sentry took the event {event} and hasn't stored it within {FOUND_SECONDS} s (last answer: 404): "
            "found none in the project, expected it. Its consumers tell why (docs/sentry.md); the tracker in "
            "use is the one of before. `make sentry` tries again."
        )
