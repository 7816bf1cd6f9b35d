"""The dead man's switch: without Prometheus no alert can fire, and that is noticed all the same."""

from __future__ import annotations

import pytest

from tests.support import stack
from tests.support.inbox import Inbox
from tests.support.wait import eventually

pytestmark = pytest.mark.alone

# Alertmanager beats on until Prometheus' last word has run out (four times the resend delay of a minute); then three
# heartbeats are missed, and the health check has to look.
SECONDS = 4 * 60 + 3 * 60 + 60


@pytest.mark.timeout(SECONDS + 400)
def test_the_heartbeat_receiver_turns_red_when_prometheus_stops_and_green_when_it_is_back(inbox: Inbox) -> None:
    eventually(lambda: inbox.notifications("heartbeat"), "a heartbeat", 120)
    stack.compose("stop", "prometheus")
    try:
        eventually(
            lambda: stack.states()["inbox"], "the inbox to be unhealthy", SECONDS, until="unhealthy".__eq__, interval=5
        )
    finally:
        stack.compose("start", "prometheus")
    eventually(lambda: stack.states()["inbox"], "the inbox to be healthy", 180, until="healthy".__eq__, interval=5)
