"""The small HTTP server of a process that has none: /metrics, /livez and /readyz of Celery's parents."""

import json
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client.registry import Collector

from django_o11y import exposition, health


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, *, collectors: Sequence[Collector], ready_checks: Sequence[str]) -> None:
        self.collectors = collectors
        self.ready_checks = ready_checks
        try:
            super().__init__(("", port), Handler)
        except OSError as error:
            # SystemExit, because Celery logs and forgets any other exception of a signal handler.
            raise SystemExit(
                f"Port {port} for /metrics and /livez can't be opened ({error.strerror}); "
                "expected a free port. Stop what uses it, or set another METRICS_PORT."
            ) from error

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, name="django-o11y-server", daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that hang up; by default the server prints a traceback, which is not JSON."""


class Handler(BaseHTTPRequestHandler):
    server: Server
    server_version = "django-o11y"
    sys_version = ""
    timeout = 5

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if answer := health.answer(path, self.server.ready_checks):
            status, body = answer
            self._send(status, json.dumps(body).encode(), "application/json")
        elif path != "/metrics":
            self._send(404, b"Here are /metrics, /livez and /readyz.\n", "text/plain")
        elif not exposition.is_allowed(self.headers.get("Authorization", "")):
            self._send(401, b"The bearer token is missing or wrong.\n", "text/plain")
        else:
            self._send(200, exposition.render(*self.server.collectors), exposition.CONTENT_TYPE)

    def _send(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if status == 401:
            self.send_header("WWW-Authenticate", "Bearer")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Probes and scrapes have no access log."""
