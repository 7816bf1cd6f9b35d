"""`python -m sandbox.inbox`."""

from sandbox import settings
from sandbox.inbox.app import make_inbox
from sandbox.inbox.store import Store
from sandbox.program import run
from sandbox.web import serve


def main() -> None:
    store = Store(keep_bytes=settings.number("INBOX_KEEP_BYTES", 2 * 1024 * 1024))
    heartbeat_seconds = settings.number("INBOX_HEARTBEAT_SECONDS", 180)
    serve(make_inbox(store, heartbeat_seconds=heartbeat_seconds), port=8095)


if __name__ == "__main__":
    run("inbox", main)
