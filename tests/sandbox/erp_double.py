"""A small HTTP server with the ERP's API as far as the traffic uses it: the ERP itself needs the stack."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

STOCK = 1000


@dataclass
class Call:
    at: float
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class State:
    calls: list[Call] = field(default_factory=list)
    token: str = "first-token"
    delay: float = 0.0
    order_status: int = 0
    open: threading.Event = field(default_factory=threading.Event)


class Handler(BaseHTTPRequestHandler):
    state: State

    def do_GET(self) -> None:
        self._note(b"")
        if not self._allowed():
            self._send(401, {"error": "unauthorized"})
        elif self.path == "/api/products":
            self._send(200, {"products": [{"sku": f"SKU-{number:04}"} for number in range(1, 6)]})
        else:
            self._send(200, {"orders": []})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._note(body)
        if self.path == "/api/login":
            self._send(200, {"token": self.state.token})
            return
        self.state.open.wait(20)
        time.sleep(self.state.delay)
        status = self.state.order_status or (self._order_status(body) if self._allowed() else 401)
        self._send(status, {"number": f"O-{len(self.state.calls)}"} if status == 201 else {"error": "refused"})

    def _order_status(self, body: bytes) -> int:
        try:
            order = json.loads(body)
        except ValueError:
            return 400
        if any(not line["product"].startswith("SKU-0") for line in order["lines"]):
            return 404
        if any(line["quantity"] > STOCK for line in order["lines"]):
            return 409
        return 402 if order["card_token"] == "tok_no_money" else 201

    def _allowed(self) -> bool:
        return self.headers.get("Authorization") == f"Token {self.state.token}"

    def _note(self, body: bytes) -> None:
        call = Call(time.monotonic(), self.command, self.path, dict(self.headers.items()), body)
        self.state.calls.append(call)

    def _send(self, status: int, body: object) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


class ErpDouble:
    def __init__(self, port: int = 0) -> None:
        self.state = State()
        self.state.open.set()
        handler = type("BoundHandler", (Handler,), {"state": self.state})
        self.server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self) -> ErpDouble:
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.state.open.set()
        self.server.shutdown()
        self.server.server_close()

    def calls(self, method: str, path: str) -> list[Call]:
        return [call for call in list(self.state.calls) if (call.method, call.path) == (method, path)]

    def orders(self) -> list[Call]:
        return self.calls("POST", "/api/orders")
