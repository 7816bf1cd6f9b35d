"""The dead man's switch: without Prometheus no alert can fire, and that is noticed all the same.

On a Prometheus, an Alertmanager and an inbox of their own, from the stack's files and images: the stack goes on.
"""

import functools
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import stack
from tests.support.inbox import Inbox
from tests.support.ports import free_port
from tests.support.wait import eventually

# Alertmanager beats on until Prometheus' last word has run out (four times the resend delay of a minute); then three
# heartbeats are missed, and the health check has to look.
SECONDS = 4 * 60 + 3 * 60 + 60
PROJECT = "erp-heartbeat-test"
# The stack's own collectors find containers by these labels, and on that network: these must not be among them.
UNSEEN = f"""
services:
  prometheus: {{labels: !reset null}}
  socket-proxy: {{labels: !reset null}}
  alertmanager: {{labels: !reset null}}
  inbox: {{labels: !reset null}}
networks:
  observability: {{name: {PROJECT}_observability}}
"""
PORTS = ("PROMETHEUS_PORT", "ALERTMANAGER_PORT", "INBOX_PORT")
pytestmark = pytest.mark.timeout(SECONDS + 400)


class Apart:
    """A Compose project beside the stack's, on ports of its own."""

    def __init__(self, folder: Path) -> None:
        self.ports = {name: str(free_port()) for name in PORTS}
        (folder / "unseen.yaml").write_text(UNSEEN, encoding="utf-8")
        self.compose = functools.partial(self._compose, "-f", str(folder / "unseen.yaml"), "-p", PROJECT)
        self.inbox = Inbox(f"http://{stack.loaded_settings().host}:{self.ports['INBOX_PORT']}")

    def _compose(self, *arguments: str) -> str:
        return stack.compose(*arguments, timeout=120, env=self.ports)

    def health(self) -> str:
        """Of the inbox."""
        return str(json.loads(self.compose("ps", "--format", "json", "inbox"))["Health"])


@pytest.fixture
def apart(tmp_path: Path) -> Iterator[Apart]:
    found = Apart(tmp_path)
    try:
        found.compose("up", "--detach", "prometheus", "alertmanager", "inbox")
        yield found
    finally:
        found.compose("down", "--volumes", "--timeout", "1")


def test_the_heartbeat_receiver_turns_red_when_prometheus_stops_and_green_when_it_is_back(apart: Apart) -> None:
    eventually(lambda: apart.inbox.notifications("heartbeat"), "a heartbeat", 120)
    eventually(apart.health, "the inbox to be healthy", 60, until="healthy".__eq__)
    apart.compose("stop", "prometheus")
    eventually(apart.health, "the inbox to be unhealthy", SECONDS, until="unhealthy".__eq__, interval=5)
    apart.compose("start", "prometheus")
    eventually(apart.health, "the inbox to be healthy again", 180, until="healthy".__eq__, interval=5)
