"""`python -m sandbox.inbox`."""

from sandbox import settings
from sandbox.inbox.app import make_inbox
from sandbox.inbox.store import Store
from sandbox.program import run
from sandbox.web import serve


def main() -> None:
    store = Store(
        keep=settings.integer("INBOX_KEEP", 500, minimum=1, maximum=100_000),
        keep_bytes=settings.integer("INBOX_KEEP_BYTES", 4 * 1024 * 1024, minimum=1024, maximum=1024**3),
    )
    heartbeat_seconds = settings.integer("INBOX_HEARTBEAT_SECONDS", 180, minimum=1, maximum=86_400)
    serve(make_inbox(store, heartbeat_seconds=heartbeat_seconds), port=8095)


if __name__ == "__main__":
    run("inbox", main)
