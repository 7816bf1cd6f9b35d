"""The small HTTP server of a process that has none: metrics and health of Celery's parents and of other workers."""

import logging
import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET, AF_INET6, IPPROTO_IPV6, IPV6_V6ONLY, SHUT_RDWR, has_dualstack_ipv6
from socketserver import TCPServer
from time import monotonic
from typing import Any

from prometheus_client.registry import Collector

from django_instrumentation import conf, pages
from django_instrumentation.pages import Page

logger = logging.getLogger(__name__)
MAX_CONNECTIONS = 16
MAX_SECONDS = 10.0
"""A connection's whole life, however slowly its client sends or reads."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    address_family = AF_INET6 if has_dualstack_ipv6() else AF_INET

    def __init__(self, port: int, *, collectors: Sequence[Collector], ready_checks: Sequence[str]) -> None:
        self.collectors = collectors
        self.ready_checks = ready_checks
        self._owner = os.getpid()
        self._slots = threading.BoundedSemaphore(MAX_CONNECTIONS)
        self._begun: dict[Any, float] = {}
        """When each open connection began, the oldest first."""
        try:
            super().__init__(("", port), Handler)
        except OSError as error:
            # SystemExit, because Celery logs and forgets any other exception of a signal handler.
            raise SystemExit(
                f"Port {port} for /metrics and /livez can't be opened ({error.strerror}); "
                "expected a free port. Stop what uses it, or set another METRICS_PORT."
            ) from error

    def server_bind(self) -> None:
        """For IPv6 and IPv4. HTTPServer's own also asks DNS for the name of this address, which nobody needs."""
        if self.address_family == AF_INET6:
            self.socket.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 0)
        TCPServer.server_bind(self)

    @property
    def is_inherited(self) -> bool:
        """Whether this process is a child of the one that serves."""
        return self._owner != os.getpid()

    def start(self) -> None:
        if address := conf.ignored_address("METRICS_PORT"):
            logger.info(
                "METRICS_PORT is %s, as Kubernetes sets it for a service named metrics: it isn't read, this process "
                "serves /metrics on port %d. INSTRUMENTATION_METRICS_PORT sets another.",
                *(address, self.server_address[1]),
            )
        threading.Thread(target=self.serve_forever, name="django-instrumentation-server", daemon=True).start()

    def process_request(self, request: Any, client_address: Any) -> None:
        """One thread for each connection, of a fixed number: a new one ends the oldest when there are too many."""
        if not self._slots.acquire(blocking=False):
            self._end_older_than(0.0, at_most=1)
            if not self._slots.acquire(timeout=0.5):
                self.shutdown_request(request)
                return
        self._begun[request] = monotonic()
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no more threads
            self._forget(request)
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._forget(request)

    def service_actions(self) -> None:
        """Called twice a second."""
        self._end_older_than(MAX_SECONDS, at_most=MAX_CONNECTIONS)

    def _end_older_than(self, seconds: float, *, at_most: int) -> None:
        old = [each for each, begun in list(self._begun.items()) if monotonic() - begun >= seconds]
        for request in old[:at_most]:
            with suppress(OSError):
                request.shutdown(SHUT_RDWR)  # its thread sees the end of the connection

    def _forget(self, request: Any) -> None:
        del self._begun[request]
        self._slots.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that hang up; by default the server prints a traceback, which is not JSON."""


class Handler(BaseHTTPRequestHandler):
    server: Server
    server_version = "django-instrumentation"
    sys_version = ""
    timeout = 5

    def do_GET(self) -> None:
        path, authorization = self.path.partition("?")[0], self.headers.get("Authorization", "")
        ready_checks, collectors = self.server.ready_checks, self.server.collectors
        page = pages.find(path, authorization, ready_checks=ready_checks, collectors=collectors)
        page = page or Page(404, f"Here are {', '.join(pages.paths())}.\n".encode())
        self.send_response(page.status)
        for name, value in page.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(page.body)

    def do_HEAD(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:
        """Probes and scrapes have no access log."""
