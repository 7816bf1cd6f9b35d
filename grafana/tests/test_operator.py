"""The operator's account, against what the documentation of Grafana's admin API says; Grafana isn't here."""

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from grafana.operator import Grafana, GrafanaError, ensure

ADMIN = "the admin's password"
FIRST, SECOND = "the operator's first", "the operator's second"


class Users(ThreadingHTTPServer):
    """Keeps users as Grafana's API shows them, by id."""

    users: dict[int, dict[str, Any]]


class Api(BaseHTTPRequestHandler):
    server: Users

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else {}
        expected = "Basic " + base64.b64encode(f"admin:{ADMIN}".encode()).decode()
        status, answer = (401, {"message": "Invalid username or password"})
        if self.headers["Authorization"] == expected:
            status, answer = self._answer(body)
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    do_GET = do_POST = do_PUT = do_PATCH = _serve  # noqa: N815

    def _answer(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        users = self.server.users
        match self.command, self.path.split("/"):
            case "GET", ["", "api", "users", lookup]:
                login = lookup.partition("=")[2]
                found = [user for user in users.values() if user["login"] == login]
                return (200, found[0]) if found else (404, {"message": "user not found"})
            case "POST", ["", "api", "admin", "users"]:
                number = len(users) + 2
                users[number] = {**body, "id": number, "role": "Editor"}
                return 200, {"id": number, "message": "User created"}
            case "PUT", ["", "api", "admin", "users", number, "password"]:
                users[int(number)]["password"] = body["password"]
                return 200, {"message": "User password updated"}
            case "PATCH", ["", "api", "org", "users", number]:
                users[int(number)]["role"] = body["role"]
                return 200, {"message": "Organization user updated"}
        return 404, {"message": "Not found"}

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def server() -> Iterator[Users]:
    with Users(("127.0.0.1", 0), Api) as server:
        server.users = {}
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def base(server: Users) -> str:
    return f"http://127.0.0.1:{server.server_port}"


def test_the_operator_is_made_as_a_viewer(server: Users) -> None:
    assert ensure(Grafana(base(server), ADMIN), FIRST) == "Grafana's user operator (Viewer) is made."
    (user,) = server.users.values()
    assert (user["login"], user["password"], user["role"]) == ("operator", FIRST, "Viewer")


def test_password_and_role_are_set_right_at_the_next_start(server: Users) -> None:
    grafana = Grafana(base(server), ADMIN)
    ensure(grafana, FIRST)
    (user,) = server.users.values()
    user["role"] = "Admin"
    assert ensure(grafana, SECOND) == "Grafana's user operator (Viewer) is set right."
    assert list(server.users.values()) == [{**user, "password": SECOND, "role": "Viewer"}]


def test_a_wrong_admin_is_told(server: Users) -> None:
    with pytest.raises(GrafanaError, match=r"answered GET /api/users/lookup\S+ with 401"):
        ensure(Grafana(base(server), "another"), FIRST)
    assert server.users == {}


def test_nobody_there_is_told() -> None:
    with pytest.raises(GrafanaError, match=r"doesn't answer at http://127\.0\.0\.1:9"):
        ensure(Grafana("http://127.0.0.1:9", ADMIN), FIRST)
