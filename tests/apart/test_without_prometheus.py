"""The dead man's switch: without Prometheus no alert can fire, and that is noticed all the same.

On a Prometheus, an Alertmanager and an inbox of their own, from the stack's files and images: the stack goes on.
"""

import pytest

from tests.support import apart, stack
from tests.support.inbox import Inbox
from tests.support.ports import free_port
from tests.support.wait import eventually

# Alertmanager beats on until Prometheus' last word has run out (four times the resend delay of a minute); then three
# heartbeats are missed, and the health check has to look.
SECONDS = 4 * 60 + 3 * 60 + 60
PROJECT = "erp-heartbeat-test"
OVERLAY = """
services:
  prometheus: {labels: !reset null}
  socket-proxy: {labels: !reset null}
  alertmanager: {labels: !reset null}
  inbox: {labels: !reset null}
"""
PORTS = ("PROMETHEUS_PORT", "ALERTMANAGER_PORT", "INBOX_PORT")
pytestmark = pytest.mark.timeout(SECONDS + 400)


def test_the_heartbeat_receiver_turns_red_when_prometheus_stops_and_green_when_it_is_back() -> None:
    ports = {name: str(free_port()) for name in PORTS}
    inbox = Inbox(f"http://{stack.loaded_settings().host}:{ports['INBOX_PORT']}")
    with apart.running(PROJECT, OVERLAY, "prometheus", "alertmanager", "inbox", ports=ports) as project:

        def health() -> str:
            return project.health("inbox")

        eventually(lambda: inbox.notifications("heartbeat"), "a heartbeat", 120)
        eventually(health, "the inbox to be healthy", 60, until="healthy".__eq__)
        project.compose("stop", "prometheus")
        eventually(health, "the inbox to be unhealthy", SECONDS, until="unhealthy".__eq__, interval=5)
        project.compose("start", "prometheus")
        eventually(health, "the inbox to be healthy again", 180, until="healthy".__eq__, interval=5)
