"""The guard as a web server: POST /push/metrics and /push/logs, GET /allow/PROGRAM, /livez and /metrics."""

import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path

import aiohttp
from aiohttp import web
from prometheus_client import generate_latest

from gateway.guard import agents, counts, labels, users
from gateway.guard.counts import ACCEPTED, REFUSALS
from gateway.guard.labels import Refused
from gateway.guard.limits import PUSH_BYTES
from gateway.guard.login import Login
from gateway.guard.push import Push, Signal
from gateway.guard.rights import PROGRAMS

METRICS = Signal(
    "metrics",
    labels.of_metrics,
    os.environ.get("METRICS_URL", "http://prometheus:9090/api/v1/write"),
    {"Content-Encoding": "snappy", "X-Prometheus-Remote-Write-Version": "0.1.0"},
)
LINES = Signal("logs", labels.of_lines, os.environ.get("LOGS_URL", "http://loki:3100/loki/api/v1/push"), {})

ASKED_FOR = {"push": "Bearer", "login": 'Basic realm="monitoring", charset="UTF-8"'}
PUSH = web.AppKey("PUSH", Push)
LOGGER = logging.getLogger("gateway.guard")
Handler = Callable[[web.Request], Awaitable[web.Response]]


def application(agents_file: Path, users_file: Path) -> web.Application:
    app = web.Application(client_max_size=PUSH_BYTES)
    by_token = agents.read(agents_file)
    counts.begin(agent.host for agent in by_token.values())

    async def connected(app: web.Application) -> AsyncIterator[None]:
        async with aiohttp.ClientSession(auto_decompress=False) as session:
            app[PUSH] = Push(by_token, session)
            yield

    app.cleanup_ctx.append(connected)
    for signal in (METRICS, LINES):
        app.router.add_post(f"/push/{signal.name}", guarded("push", partial(_push, signal=signal)))
    login = guarded("login", Login(users.read(users_file)).handle)
    app.router.add_get(f"/allow/{{program:{'|'.join(PROGRAMS)}}}", login)
    app.router.add_get("/livez", alive)
    app.router.add_get("/metrics", metrics)
    return app


async def _push(request: web.Request, signal: Signal) -> web.Response:
    return await request.app[PUSH].handle(request, signal)


def guarded(door: str, handler: Handler) -> Handler:
    """Counts, and tells of what is refused in a line without a secret."""

    async def handle(request: web.Request) -> web.Response:
        try:
            answer = await handler(request)
        except Refused as refused:
            REFUSALS.labels(door, refused.reason, refused.host).inc()
            address = request.headers.get("X-Forwarded-For", request.remote)
            fields = {"door": door, "reason": refused.reason, "status": refused.status, "address": address}
            fields |= {"host": refused.host} if refused.host else {}
            LOGGER.warning("Refused: %s", refused, extra={"fields": fields})
            asked = {"WWW-Authenticate": ASKED_FOR[door]} if refused.status == 401 else {}
            return web.Response(status=refused.status, text=f"{refused}\n", headers=asked)
        ACCEPTED.labels(door).inc()
        return answer

    return handle


async def alive(request: web.Request) -> web.Response:
    return web.Response(text="ok\n")


async def metrics(request: web.Request) -> web.Response:
    return web.Response(body=generate_latest(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})
