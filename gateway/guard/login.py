"""Decides for Caddy whether a request may go on to a program: who asks, and may that role do this."""

import time

from aiohttp import web

from gateway.guard import rights, users
from gateway.guard.counts import CHECK_SECONDS
from gateway.guard.labels import Refused
from gateway.guard.limits import Limit
from gateway.guard.users import User, Users

# A board asks dozens of times as it opens.
PER_SECOND, BURST = 50, 500
# Wrong passwords from one address: ten, then one in six seconds.
FAILURES_PER_SECOND, FAILURES = 1 / 6, 10


class Login:
    def __init__(self, by_name: dict[str, User]) -> None:
        self.users = Users(by_name)
        self.requests = Limit(PER_SECOND, BURST)
        self.failures = Limit(FAILURES_PER_SECOND, FAILURES)

    async def handle(self, request: web.Request) -> web.Response:
        began = time.perf_counter()
        user = await self._user(request)
        if not self.requests.take(user.name):
            raise Refused(429, "too_often", f"More than {PER_SECOND} requests a second of one user.")
        method = request.headers.get("X-Forwarded-Method", "")
        path = request.headers.get("X-Forwarded-Uri", "").partition("?")[0]
        program = request.match_info["program"]
        if not rights.is_plain(path):
            raise Refused(400, "path", "Found a path with //, .., a backslash or one of them hidden.")
        if method not in rights.READING and request.headers.get("Sec-Fetch-Site") == "cross-site":
            # The browser adds the password by itself, whoever's page it is that asks.
            raise Refused(403, "other_page", "Found a request of another site's page.")
        if not rights.may(user.role, program, method, path):
            what = f"{method} {path} of {program}"
            raise Refused(403, "role", f"{user.name} is {user.role}, who may not do {what}.")
        CHECK_SECONDS.labels("login").observe(time.perf_counter() - began)
        return web.Response(headers={"X-Gateway-User": user.name})

    async def _user(self, request: web.Request) -> User:
        given = users.credentials(request.headers.get("Authorization", ""))
        if given is None:
            raise Refused(401, "no_credentials", "Log in with a name of `make gateway-user` and its password.")
        if user := self.users.remembered(*given):
            return user
        address = request.headers.get("X-Forwarded-For", "")
        # Taken before the check: many that are sent at once are all counted.
        if not self.failures.take(address):
            raise Refused(429, "too_often", "Too many wrong passwords from this address; wait a minute.")
        user = await self.users.checked(*given)
        if user is None:
            raise Refused(401, "wrong_password", "Found a name or password that is wrong.")
        self.failures.give_back(address)
        return user
