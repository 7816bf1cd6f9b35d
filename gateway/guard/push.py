"""What other hosts push: who sends it, whose labels it has, and on to Prometheus or Loki as it came."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import aiohttp
from aiohttp import web

from gateway.guard import agents, labels
from gateway.guard.agents import Agent
from gateway.guard.counts import CHECK_SECONDS, PUSHED
from gateway.guard.labels import Labels, Refused
from gateway.guard.limits import PUSHES_AT_ONCE, PUSHES_PER_SECOND, Limit

FORWARD_SECONDS = 30


@dataclass(frozen=True)
class Signal:
    """A kind of push: where it goes, with which headers besides those that say what the body is."""

    name: str
    read: Callable[[bytes, str], Iterator[Labels]]
    url: str
    headers: dict[str, str]


class Push:
    def __init__(self, by_token: dict[str, Agent], session: aiohttp.ClientSession) -> None:
        self.by_token = by_token
        self.session = session
        self.limit = Limit(PUSHES_PER_SECOND, PUSHES_AT_ONCE)

    async def handle(self, request: web.Request, signal: Signal) -> web.Response:
        agent = self._agent(request)
        try:
            return await self._take(agent, request, signal)
        except Refused as refused:
            refused.host = agent.host
            raise

    async def _take(self, agent: Agent, request: web.Request, signal: Signal) -> web.Response:
        if not self.limit.take(agent.host):
            # Prometheus gives a push up for good after 429, and repeats it after 503.
            raise Refused(
                503, "too_often", f"More than {PUSHES_PER_SECOND} pushes a second; send this one again later."
            )
        content_type = request.headers.get("Content-Type", "")
        encoding = request.headers.get("Content-Encoding", "")
        # Before the body is read, which would unpack the others.
        if encoding not in (("snappy", "") if content_type.startswith("application/x-protobuf") else ("",)):
            raise Refused(415, "unreadable", f"Found Content-Encoding {encoding!r}, expected snappy, or none for JSON.")
        body = await _body(request)
        began = time.perf_counter()
        labels.check(signal.read(body, content_type), agent)
        CHECK_SECONDS.labels("push").observe(time.perf_counter() - began)
        answer = await self._forward(signal, body, {"Content-Type": content_type} | signal.headers)
        if answer.status < 300:
            PUSHED.labels(agent.host, signal.name).inc(len(body))
        return answer

    def _agent(self, request: web.Request) -> Agent:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise Refused(401, "no_token", "Found no token, expected the header Authorization: Bearer with one.")
        agent = self.by_token.get(agents.digest(token.strip()))
        if agent is None:
            raise Refused(401, "unknown_token", "This token isn't known here; make one by `make agent-token`.")
        return agent

    async def _forward(self, signal: Signal, body: bytes, headers: dict[str, str]) -> web.Response:
        timeout = aiohttp.ClientTimeout(total=FORWARD_SECONDS)
        try:
            async with self.session.post(signal.url, data=body, headers=headers, timeout=timeout) as answer:
                kept = {name: answer.headers[name] for name in ("Retry-After",) if name in answer.headers}
                return web.Response(status=answer.status, body=await answer.read(), headers=kept)
        except (aiohttp.ClientError, TimeoutError) as error:
            return web.Response(status=502, text=f"{signal.name} didn't answer: {error.__class__.__name__}.\n")


async def _body(request: web.Request) -> bytes:
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge as error:
        raise Refused(413, "too_large", f"{error.text}.") from None
