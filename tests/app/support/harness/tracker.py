"""An error tracker that speaks Sentry's protocol."""

import threading
from typing import Any

from harness.http import Call, Reply, Service
from harness.wait import eventually
from tests.support.sink import events_of


class Tracker(Service):
    def __init__(self) -> None:
        super().__init__()
        self.status = 200
        self.hold: threading.Event | None = None
        """Answer only when it is set."""

    def reset(self) -> None:
        self.calls.clear()
        self.status = 200
        if self.hold:
            self.hold.set()
        self.hold = None

    def reply(self, call: Call) -> Reply:
        return Reply(self.status, hold=self.hold)

    @property
    def dsn(self) -> str:
        return f"http://{'a' * 32}@127.0.0.1:{self.port}/1"

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for call in list(self.calls) for event in events_of(call.body)]

    @property
    def text(self) -> str:
        """All that was sent, events or not."""
        return b"\n".join(call.body for call in list(self.calls)).decode()

    def event(self, **tags: str) -> dict[str, Any]:
        """The one event with these tags, once it is there."""
        found = eventually(
            lambda: [e for e in self.events if tags.items() <= e.get("tags", {}).items()],
            f"an event with {tags}",
        )
        assert len(found) == 1, found
        return found[0]
