"""With a tracker outside the stack's networks, the errors of beat and of the migration reach it."""

from collections.abc import Iterator

import pytest

from tests.support import sink, stack
from tests.support.sink import Sink

pytestmark = pytest.mark.alone
FAIL = "raise RuntimeError('planted for a tracker outside')"


@pytest.fixture(scope="module")
def tracker() -> Iterator[Sink]:
    with sink.running(stack.outside()) as started:
        yield started


@pytest.mark.parametrize("service", ["erp-beat", "erp-migrate"])
def test_an_error_reaches_a_tracker_outside(service: str, tracker: Sink) -> None:
    dsn = f"SENTRY_DSN=http://key@{tracker.address}/1"
    command = ("python", "manage.py", "shell", "--no-imports", "-c", FAIL)
    with pytest.raises(stack.CommandError, match="planted for a tracker outside"):
        stack.compose("run", "--rm", "--no-deps", "-e", dsn, "-e", "SENTRY_DSN_FILE=", service, *command, timeout=90)
    (event,) = [each for each in tracker.events if each["tags"]["service"] == service]
    assert event["exception"]["values"][-1]["value"] == "planted for a tracker outside"
