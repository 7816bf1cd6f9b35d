"""`make test-notification` reaches the channel it names, and says no when nothing was delivered."""

import time
from collections import Counter

import pytest

from tests.support import stack
from tests.support.pages import CHANNELS, RESOLVED, Pages
from tests.support.wait import eventually

pytestmark = pytest.mark.alone

SUMMARY = "Test of the channel"


def notify(channel: str) -> str:
    return stack.run("make", "test-notification", f"CHANNEL={channel}", timeout=100)


@pytest.mark.parametrize("channel", CHANNELS)
def test_notification_arrives_at_its_channel_and_at_no_other(channel: str, pages: Pages) -> None:
    begun = time.time()
    assert f"Delivered: {channel}" in notify(channel)

    def arrived() -> dict[str, int]:
        titles = [(name, page.title) for name in CHANNELS for page in pages.received(name, since=begun)]
        return Counter(name for name, title in titles if SUMMARY in title and not title.startswith(RESOLVED))

    eventually(arrived, f"one test notification by {channel}", 10, until=lambda seen: channel in seen)
    assert arrived() == {channel: 1}


def test_an_unreachable_receiver_is_told() -> None:
    stack.compose("stop", "mailpit")
    try:
        with pytest.raises(stack.CommandError, match="couldn't deliver to email"):
            notify("email")
    finally:
        stack.compose("up", "--detach", "--no-deps", "--wait", "mailpit")


@pytest.mark.parametrize("channel", ["", "fax"])
def test_a_channel_that_is_none_is_refused(channel: str) -> None:
    with pytest.raises(stack.CommandError, match=r"slack\W+pagerduty\W+email"):
        notify(channel)
