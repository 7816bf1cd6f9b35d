"""What Grafana's documentation says of its admin API, on a port: users are looked up, made, given password and role.

Its data sources are like Alertmanager, which has no back end in Grafana: their health is an error, their proxy answers.

The operator's own test runs it, and as an image of Grafana's name it lets the official way of `make up` run to its end
where Grafana's image can't be had. It draws nothing: its version `preview` tells the tests to ask no query API of it.
"""

import base64
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PORT = 3000
ADMIN_PASSWORD = Path("/run/secrets/grafana_admin_password")


class Users(ThreadingHTTPServer):
    """Keeps users as Grafana's API shows them, by id."""

    users: dict[int, dict[str, Any]]
    admin: str


class Api(BaseHTTPRequestHandler):
    server: Users

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else {}
        expected = "Basic " + base64.b64encode(f"admin:{self.server.admin}".encode()).decode()
        status, answer = 401, json.dumps({"message": "Invalid username or password"})
        if self.path == "/api/health":
            status, answer = 200, json.dumps({"database": "ok", "version": "preview"})
        elif self.path == "/metrics":
            status, answer = 200, "grafana_stand_in 1\n"
        elif self.headers["Authorization"] == expected:
            status, found = self._answer(body)
            answer = json.dumps(found)
        self.send_response(status)
        self.send_header("Content-Type", "text/plain" if self.path == "/metrics" else "application/json")
        self.end_headers()
        self.wfile.write(answer.encode())

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
            case "GET", ["", "api", "datasources", "uid", _, "health"]:
                return 500, {"message": "Plugin unavailable", "messageId": "plugin.unavailable"}
            case "GET", ["", "api", "datasources", "proxy", "uid", *_]:
                return 200, {}
        return 404, {"message": "Not found"}

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


def serve(address: tuple[str, int], admin: str) -> Users:
    server = Users(address, Api)
    server.users, server.admin = {}, admin
    return server


if __name__ == "__main__":
    serve(("", PORT), ADMIN_PASSWORD.read_text(encoding="utf-8").strip()).serve_forever()
