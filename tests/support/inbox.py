"""Client of the sandbox inbox: what Slack, PagerDuty, webhook and heartbeat calls would have carried."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.support.api import Api


@dataclass(frozen=True)
class Notification:
    id: int
    channel: str
    received_at: float
    body: Any

    @property
    def text(self) -> str:
        """Everything it says, as one text to search in."""
        return "\n".join(_strings(self.body))


class Inbox(Api):
    service = "inbox"
    root = "/api"

    def notifications(self, channel: str) -> list[Notification]:
        return [Notification(**each) for each in self.get("notifications", channel=channel)["notifications"]]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _strings(each)
