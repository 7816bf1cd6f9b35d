"""`python -m sandbox.inbox`."""

from sandbox import settings
from sandbox.inbox.app import make_inbox
from sandbox.inbox.store import Store
from sandbox.program import run
from sandbox.switches import Switches
from sandbox.web import serve


def main() -> None:
    store = Store(keep_bytes=settings.number("INBOX_KEEP_BYTES", 2 * 1024 * 1024))
    heartbeat_seconds = settings.number("INBOX_HEARTBEAT_SECONDS", 180)
    # Alertmanager gives up on a channel after 10 s, the least of its group intervals.
    switches = Switches("slack", "pagerduty", slow_seconds=5, timeout_seconds=60)
    serve(make_inbox(store, switches, heartbeat_seconds=heartbeat_seconds), port=8095)


if __name__ == "__main__":
    run("inbox", main)
