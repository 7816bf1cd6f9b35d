"""The switches: which API or channel fails at the moment, and in which mode; their routes."""

import asyncio

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.bodies import BadRequest, parse_object, read_body
from sandbox.web import JsonResponse, error_response

MODES = ("ok", "error", "busy", "refusing", "moved", "expired", "slow", "timeout", "garbage")
GARBAGE = "<html><body>Down for maintenance, back soon.</body></html>"
BUSY_SECONDS = 30
EXPIRED = "https://expired:8443/"
"""Whose certificate has expired; ops/receiver_faults.py starts it."""


class Switches:
    """Kept in memory only: after a restart everything works."""

    def __init__(self, *names: str, slow_seconds: float, timeout_seconds: float) -> None:
        self.slow_seconds = slow_seconds
        self.timeout_seconds = timeout_seconds
        self.modes = dict.fromkeys(names, "ok")
        self.hanging = 0

    @property
    def routes(self) -> list[Route]:
        return [
            Route("/switches", self._show, methods=["GET"]),
            Route("/switches/{name}", self._turn, methods=["PUT"]),
        ]

    async def _show(self, _request: Request) -> Response:
        return JsonResponse(self.modes)

    async def _turn(self, request: Request) -> Response:
        self.turn(request.path_params["name"], parse_object(await read_body(request)).get("mode"))
        return JsonResponse(self.modes)

    def turn(self, name: str, mode: object) -> None:
        if name not in self.modes:
            sentence = f"There is no switch {name[:40]!r}; expected one of {', '.join(self.modes)}."
            raise BadRequest(sentence, error="unknown_switch", status=404)
        if not isinstance(mode, str) or mode not in MODES:
            shown = repr(mode)[:40]
            raise BadRequest(f"There is no mode {shown}; expected one of {', '.join(MODES)}.")
        self.modes[name] = mode

    async def fault(self, name: str, request: Request) -> Response | None:
        """The answer of what fails; None when the call goes on, after a while if the mode is slow."""
        match self.modes[name]:
            case "error":
                return error_response(500, "broken", "The switch of this API is on error.")
            case "busy":
                response = error_response(429, "busy", "The switch of this API is on busy.")
                response.headers["Retry-After"] = str(BUSY_SECONDS)
                return response
            case "refusing":
                return error_response(400, "refused", "The switch of this API is on refusing.")
            case "moved":
                return RedirectResponse("/moved", status_code=302)
            case "expired":
                return RedirectResponse(EXPIRED, status_code=302)
            case "slow":
                await asyncio.sleep(self.slow_seconds)
            case "timeout":
                await self._hang(request)
                return error_response(504, "timeout", "The switch of this API is on timeout.")
            case "garbage":
                return HTMLResponse(GARBAGE)
        return None

    async def _hang(self, request: Request) -> None:
        """Holds the call until its client disconnects or the time is over."""
        self.hanging += 1
        try:
            async with asyncio.timeout(self.timeout_seconds):
                while (await request.receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            return
        finally:
            self.hanging -= 1
