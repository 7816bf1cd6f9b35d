"""The switches: which API fails at the moment, and in which mode."""

import asyncio

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from sandbox.bodies import BadRequest
from sandbox.web import error_response

OPERATIONS = ("payment", "shipping")
MODES = ("ok", "error", "slow", "timeout", "garbage")
GARBAGE = "<html><body>Down for maintenance, back soon.</body></html>"


class Switches:
    """Kept in memory only: after a restart every API works."""

    def __init__(self, *, slow_seconds: float, timeout_seconds: float) -> None:
        self.slow_seconds = slow_seconds
        self.timeout_seconds = timeout_seconds
        self.modes = dict.fromkeys(OPERATIONS, "ok")
        self.hanging = 0

    def turn(self, name: str, mode: object) -> None:
        if name not in self.modes:
            sentence = f"There is no switch {name[:40]!r}; expected one of {', '.join(OPERATIONS)}."
            raise BadRequest(sentence, error="unknown_switch", status=404)
        if not isinstance(mode, str) or mode not in MODES:
            shown = repr(mode)[:40]
            raise BadRequest(f"There is no mode {shown}; expected one of {', '.join(MODES)}.")
        self.modes[name] = mode

    async def fault(self, operation: str, request: Request) -> Response | None:
        """The answer of a failing API; None when the call goes on, after a while if the mode is slow."""
        match self.modes[operation]:
            case "error":
                return error_response(500, "broken", "The switch of this API is on error.")
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
