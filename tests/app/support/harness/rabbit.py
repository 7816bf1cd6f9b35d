"""As much of AMQP 0-9-1 as a client needs to ask RabbitMQ for the length of its queues, on a real socket.

It answers a passive declaration as RabbitMQ does: declare-ok with the number of messages, or an error that closes the
channel: 404 for a queue that isn't there, 405 for one that is exclusive to another connection. It makes no queue.
"""

import socketserver
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

LOCKED = -1
"""The length of a queue that is another connection's own."""
END = b"\xce"
Method = tuple[int, int]
START, TUNE, TUNE_OK, OPEN, OPEN_OK, CLOSE, CLOSE_OK = ((10, each) for each in (10, 30, 31, 40, 41, 50, 51))
CHANNEL_OPEN, CHANNEL_OPEN_OK, CHANNEL_CLOSE, CHANNEL_CLOSE_OK = ((20, each) for each in (10, 11, 40, 41))
DECLARE, DECLARE_OK = (50, 10), (50, 11)


class Rabbit(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, queues: dict[str, int]) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.queues = queues
        self.asked: list[tuple[str, bool]] = []
        """Each declaration: the queue, and whether it was passive."""

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.server_address[1]}//"

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = Thread(target=self.serve_forever)
        thread.start()
        yield
        self.shutdown()
        thread.join()
        self.server_close()


class _Connection(socketserver.StreamRequestHandler):
    server: Rabbit

    def handle(self) -> None:
        assert self.rfile.read(8) == b"AMQP\0\0\x09\x01"
        self.send(0, START, b"\0\x09" + _long_text(b"") + _long_text(b"PLAIN") + _long_text(b"en_US"))
        while head := self.rfile.read(7):
            _kind, channel, size = struct.unpack(">BHI", head)
            payload = self.rfile.read(size)
            assert self.rfile.read(1) == END
            if payload:  # else a heartbeat
                self.answer(channel, struct.unpack(">HH", payload[:4]), payload[4:])

    def answer(self, channel: int, method: tuple[int, ...], arguments: bytes) -> None:
        if method == (10, 11):  # start-ok
            self.send(0, TUNE, struct.pack(">HIH", 100, 131_072, 0))
        elif method == OPEN:
            self.send(0, OPEN_OK, _text(b""))
        elif method == CLOSE:
            self.send(0, CLOSE_OK)
        elif method == CHANNEL_OPEN:
            self.send(channel, CHANNEL_OPEN_OK, _long_text(b""))
        elif method == CHANNEL_CLOSE:
            self.send(channel, CHANNEL_CLOSE_OK)
        elif method == DECLARE:
            name = arguments[3 : 3 + arguments[2]]
            self.declare(channel, name, is_passive=bool(arguments[3 + len(name)] & 1))
        else:
            assert method in (TUNE_OK, CHANNEL_CLOSE_OK), method

    def declare(self, channel: int, name: bytes, *, is_passive: bool) -> None:
        self.server.asked.append((name.decode(), is_passive))
        length = self.server.queues.get(name.decode())
        if length is None:
            self.close_channel(channel, 404, b"NOT_FOUND - no queue '%s' in vhost '/'" % name)
        elif length == LOCKED:
            self.close_channel(channel, 405, b"RESOURCE_LOCKED - cannot obtain exclusive access to queue '%s'" % name)
        else:
            self.send(channel, DECLARE_OK, _text(name) + struct.pack(">II", length, 0))

    def close_channel(self, channel: int, code: int, text: bytes) -> None:
        self.send(channel, CHANNEL_CLOSE, struct.pack(">H", code) + _text(text) + struct.pack(">HH", *DECLARE))

    def send(self, channel: int, method: Method, arguments: bytes = b"") -> None:
        payload = struct.pack(">HH", *method) + arguments
        self.wfile.write(struct.pack(">BHI", 1, channel, len(payload)) + payload + END)


def _text(value: bytes) -> bytes:
    return struct.pack(">B", len(value)) + value


def _long_text(value: bytes) -> bytes:
    """Also an empty table, which begins with its length."""
    return struct.pack(">I", len(value)) + value
