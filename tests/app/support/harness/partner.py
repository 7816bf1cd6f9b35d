"""The payment and shipping company."""

import json
import threading

from harness.http import Call, Reply, Service


class Partner(Service):
    """Set `mode` to break it: ok, error, garbage, hang, html."""

    def __init__(self, api_key: str) -> None:
        super().__init__()
        self.api_key = api_key
        self.mode = "ok"
        self.hold = threading.Event()

    def reset(self) -> None:
        self.calls.clear()
        self.mode = "ok"
        self.hold.set()
        self.hold = threading.Event()

    def reply(self, call: Call) -> Reply:
        if call.headers.get("authorization") != f"Bearer {self.api_key}":
            return _json(401, error="unauthorized")
        if self.mode == "error":
            return _json(500, error="broken")
        if self.mode == "garbage":
            return Reply(201, b'{"unexpected": true}')
        if self.mode == "html":
            return Reply(201, b"<html>welcome</html>")
        if self.mode == "hang":
            return Reply(201, b'{"payment_id": "late"}', hold=self.hold)
        if call.path == "/payments":
            if call.json["card_token"] == "tok_no_money":
                return _json(402, error="no_money", detail="The card has no money.")
            return _json(201, payment_id=f"pay-{call.headers['idempotency-key']}")
        return _json(201, tracking_number=f"TRACK-{len(self.calls)}")


def _json(status: int, **body: str) -> Reply:
    return Reply(status, json.dumps(body).encode(), {"Content-Type": "application/json"})
