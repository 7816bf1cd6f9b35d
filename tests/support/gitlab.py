"""Answers like GitLab's alert endpoint (Settings, Monitor, Alerts, "HTTP endpoint"), as its documentation has it."""

import base64
import binascii
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.support.serving import serving

SEVERITIES = ("critical", "high", "medium", "low", "info", "unknown")
TEXTS = ("title", "description", "service", "monitoring_tool", "gitlab_environment_name")
TIMES = ("start_time", "end_time")
LISTS = ("hosts", "fingerprint")  # one text, or several
PATH = "/erp/shop/alerts/notify/tracker/0123456789abcdef.json"


class GitLab:
    """`alerts` are the bodies that it made alerts of, `refused` the status and reason of each other request."""

    def __init__(self, key: str) -> None:
        self.alerts: list[dict[str, Any]] = []
        self.refused: list[tuple[int, str]] = []
        self.address = ""
        self._key = key

    def take(self, path: str, authorization: str, kind: str, body: bytes) -> int:
        status, reason = self._judge(path, authorization, kind, body)
        if reason:
            self.refused.append((status, reason))
        else:
            self.alerts.append(json.loads(body))
        return status

    def _judge(self, path: str, authorization: str, kind: str, body: bytes) -> tuple[int, str]:
        if path != PATH:
            return 404, f"no integration at {path}"
        if self._key != _key(authorization):
            return 401, f"the authorization {authorization!r} hasn't the key"
        if kind.partition(";")[0] != "application/json":
            return 400, f"the content type {kind!r}"
        try:
            alert = json.loads(body)
        except ValueError:
            return 400, "no JSON"
        if not isinstance(alert, dict) or not alert:
            return 400, "no object"
        wrong = [name for name, value in alert.items() if value is not None and not _is_right(name, value)]
        return (400, f"of another type: {', '.join(wrong)}") if wrong else (200, "")


def _key(authorization: str) -> str:
    """The token of `Bearer`, or the password of `Basic`, whose user may be anything."""
    scheme, _, value = authorization.partition(" ")
    if scheme == "Basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return value if scheme == "Bearer" else ""


def _is_right(name: str, value: Any) -> bool:
    """Whether a documented property is of its type; any other is a property of one's own."""
    if name in TIMES:
        try:
            datetime.fromisoformat(str(value))
        except ValueError:
            return False
        return True
    if name in LISTS:
        return isinstance(value, str) or (isinstance(value, list) and all(isinstance(each, str) for each in value))
    return isinstance(value, str) if name in TEXTS else name != "severity" or value in SEVERITIES


@contextmanager
def running(host: str, key: str) -> Iterator[GitLab]:
    gitlab = GitLab(key)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = (self.headers.get("Authorization", ""), self.headers.get("Content-Type", ""))
            status = gitlab.take(self.path, *headers, body)
            said = (
                json.dumps([{"iid": len(gitlab.alerts), "title": gitlab.alerts[-1].get("title")}])
                if status == 200
                else "{}"
            )
            self.send_response(status)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said.encode())

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler, host) as gitlab.address:
        yield gitlab
