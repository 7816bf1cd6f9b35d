"""A page of metrics as it should not be: `serve("endless")`. The faults of `make break` start it as an application."""

import itertools
import time
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SERIES = 40_000
NEW_SERIES = 5_000
MEGABYTES = 100
PORT = 8000
TEXT = "text/plain; version=0.0.4"


def exploding() -> Iterator[bytes]:
    yield "".join(f'exploding_total{{route="{number}"}} 1\n' for number in range(SERIES)).encode()


def churning(answers: Iterator[int] = itertools.count()) -> Iterator[bytes]:  # noqa: B008 - one count for all answers
    answer = next(answers)
    yield "".join(f'churning_total{{id="{answer}-{number}"}} 1\n' for number in range(NEW_SERIES)).encode()


def garbage() -> Iterator[bytes]:
    """It begins with a zero byte, which Prometheus takes for the end of a page."""
    yield bytes(range(256)) * 400


def sign_in() -> Iterator[bytes]:
    yield b"<html><body>Sign in</body></html>"


def vast() -> Iterator[bytes]:
    for _ in range(MEGABYTES):
        yield b"# " + b"x" * 999_997 + b"\n"


def endless() -> Iterator[bytes]:
    """A line each half second, for as long as somebody reads."""
    while True:
        yield b"endless_total 1\n"
        time.sleep(0.5)


def doubled() -> Iterator[bytes]:
    yield b"doubled_total 1\ndoubled_total 2\n"


PAGES = {page.__name__: page for page in (exploding, churning, garbage, sign_in, vast, endless, doubled)}


class Page(BaseHTTPRequestHandler):
    name: str

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if self.name == "sign_in" else TEXT)
        self.end_headers()
        parts: Iterable[bytes] = PAGES[self.name]() if self.path == "/metrics" else ()
        for part in parts:
            self.wfile.write(part)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


def serve(name: str) -> None:
    """Answer at PORT with the page of that name until the end of the process."""
    handler = type("Named", (Page,), {"name": name})
    ThreadingHTTPServer(("", PORT), handler).serve_forever()
