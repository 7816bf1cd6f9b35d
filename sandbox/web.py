"""For every server: request ids, access log lines, answers to bad requests, /livez and /metrics."""

import json
import logging
import os
import re
import secrets
import time
import uuid
from collections.abc import Sequence

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Gauge, generate_latest
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox import settings
from sandbox.bodies import BadRequest
from sandbox.logs import RequestIds, current_ids

ACCESS = logging.getLogger("access")
UNLOGGED_PATHS = frozenset({"/livez", "/metrics"})
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")

BUILD_INFO = Gauge("build_info", "1, with the version of the program as a label.", ["version"])


class JsonResponse(Response):
    """JSON in ASCII: a lone surrogate, which UTF-8 can't encode, may be in a received text."""

    media_type = "application/json"

    def render(self, content: object) -> bytes:
        return json.dumps(content).encode("ascii")


def error_response(status: int, error: str, detail: str) -> Response:
    return JsonResponse({"error": error, "detail": detail}, status_code=status)


class RequestMiddleware:
    """Gives every request its ids and one access log line; an exception becomes an answer with status 500."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        ids = _request_ids(Headers(scope=scope))
        current_ids.set(ids)
        started = time.perf_counter()
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = str(ids.request_id)
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except Exception:
            logging.getLogger(__name__).exception("A request failed with an exception.")
            if not status:
                failed = error_response(500, "internal", "The server failed; its log has the exception.")
                await failed(scope, receive, send_with_id)
        if scope["path"] not in UNLOGGED_PATHS:
            _log_access(scope, status=status, duration=time.perf_counter() - started)


def _request_ids(headers: Headers) -> RequestIds:
    inbound = headers.get("x-request-id", "")
    parent = TRACEPARENT.fullmatch(headers.get("traceparent", ""))
    return RequestIds(
        request_id=inbound if REQUEST_ID.fullmatch(inbound) else str(uuid.uuid4()),
        trace_id=parent.group(1) if parent else secrets.token_hex(16),
        span_id=secrets.token_hex(8),
    )


def _log_access(scope: Scope, *, status: int, duration: float) -> None:
    # The route, never the path: a path may carry a token or whatever a client made up.
    route = getattr(scope.get("route"), "path", "unmatched")
    endpoint = scope.get("endpoint")
    fields = {
        "route": route,
        "method": scope["method"],
        "status": status,
        "duration": round(duration, 6),
        "view": getattr(endpoint, "__qualname__", None),
    }
    ACCESS.info("%s %s %s", scope["method"], route, status, extra=fields)


async def _bad_request(_request: Request, error: Exception) -> Response:
    if not isinstance(error, BadRequest):
        raise error
    return error_response(error.status, error.error, error.detail)


async def livez(_request: Request) -> Response:
    return PlainTextResponse("OK\n")


async def metrics(_request: Request) -> Response:
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)


def make_app(routes: Sequence[BaseRoute], *, alive: Route | None = None) -> ASGIApp:
    app = Starlette(
        routes=[*routes, alive or Route("/livez", livez), Route("/metrics", metrics)],
        exception_handlers={BadRequest: _bad_request},
    )
    return RequestMiddleware(app)


def serve(app: ASGIApp, *, port: int) -> None:
    """Serves until SIGTERM or SIGINT; open requests get one second to end."""
    BUILD_INFO.labels(os.environ.get("VERSION", "dev")).set(1)
    uvicorn.run(
        app,
        host=os.environ.get("LISTEN_ADDRESS", "0.0.0.0"),  # noqa: S104 - a container's own network
        port=settings.number("LISTEN_PORT", port),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
