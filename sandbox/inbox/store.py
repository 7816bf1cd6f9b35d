"""Keeps the newest notifications of each channel in limited memory and counts those that it drops."""

import json
import time
from collections import deque
from dataclasses import dataclass

CHANNELS = ("slack", "pagerduty", "webhook", "heartbeat", "tracker")


@dataclass(frozen=True, slots=True)
class Notification:
    id: int
    channel: str
    received_at: float
    body: object
    size: int


class Channel:
    """The newest notifications of one channel, with at most `keep_bytes` in all."""

    def __init__(self, keep_bytes: int) -> None:
        self.keep_bytes = keep_bytes
        self.stored: deque[Notification] = deque()
        self.bytes = 0
        self.dropped = 0

    def add(self, notification: Notification) -> None:
        self.stored.append(notification)
        self.bytes += notification.size
        while self.bytes > self.keep_bytes:
            self.bytes -= self.stored.popleft().size
            self.dropped += 1


class Store:
    def __init__(self, *, keep_bytes: int) -> None:
        self.channels = {name: Channel(keep_bytes) for name in CHANNELS}
        self.last_id = 0
        self._heartbeat_at = time.monotonic()
        self.has_heartbeat = False

    def add(self, channel: str, body: object) -> None:
        self.last_id += 1
        if channel == "heartbeat":
            self._heartbeat_at = time.monotonic()
            self.has_heartbeat = True
        self.channels[channel].add(Notification(self.last_id, channel, time.time(), body, len(json.dumps(body))))

    def kept(self, channel: str | None = None) -> list[Notification]:
        """Oldest first."""
        wanted = [self.channels[channel]] if channel else self.channels.values()
        found = [notification for one in wanted for notification in one.stored]
        return sorted(found, key=lambda notification: notification.id)

    def dropped(self) -> dict[str, int]:
        return {name: channel.dropped for name, channel in self.channels.items()}

    def heartbeat_age(self) -> float:
        """Seconds since the last heartbeat, or since the start while none has come."""
        return time.monotonic() - self._heartbeat_at
