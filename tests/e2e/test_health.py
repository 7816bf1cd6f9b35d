"""The Watchdog alert arrives. That every service, target, probe and rule is well: tests/smoke."""

from tests.support.inbox import Inbox
from tests.support.wait import eventually


def test_watchdog_reaches_the_heartbeat_receiver(inbox: Inbox) -> None:
    def beats() -> list[str]:
        return [each.text for each in inbox.notifications("heartbeat") if "Watchdog" in each.text]

    eventually(beats, "a heartbeat that carries the Watchdog alert", 100)
