"""A server that takes what telemetry sends: error events, spans and messages to chat alike."""

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.support.serving import serving

GZIP = b"\x1f\x8b"
TAKEN = b"ok"  # Slack says so, and Alertmanager repeats a message after any other answer


class Sink:
    """`calls` are the path and the body, as it came, of each request that it took."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, bytes]] = []
        self.address = ""

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events in the envelopes of Sentry's protocol."""
        return [event for _, body in list(self.calls) for event in events_of(body)]


def events_of(envelope: bytes) -> list[dict[str, Any]]:
    lines = (gzip.decompress(envelope) if envelope.startswith(GZIP) else envelope).split(b"\n")
    items = zip(lines[1::2], lines[2::2], strict=False)
    return [json.loads(payload) for header, payload in items if json.loads(header).get("type") == "event"]


@contextmanager
def running(host: str = "127.0.0.1") -> Iterator[Sink]:
    sink = Sink()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            sink.calls.append(
                (self.path, gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
            )
            self.send_response(200)
            self.send_header("Content-Length", str(len(TAKEN)))
            self.end_headers()
            self.wfile.write(TAKEN)

        def log_message(self, *_: object) -> None:
            pass

    with serving(Handler, host) as sink.address:
        yield sink
