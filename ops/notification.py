"""`make test-notification`: one alert through one real channel, and whether Alertmanager could deliver it."""

import re
import uuid
from datetime import UTC, datetime, timedelta

from ops import alerts, secrets
from ops.console import OpsError, say
from ops.settings import Settings
from ops.stack import Stack
from ops.wait import attempts

FILES = {"slack": "slack_webhook_url", "pagerduty": "pagerduty_routing_key", "email": "smtp_password"}
DEADLINE_SECONDS = 60


def is_on(settings: Settings, channel: str) -> bool:
    """Whether the file of the channel's secret holds one."""
    return bool(secrets.read(FILES[channel], settings.secrets).strip())


def send(stack: Stack, channel: str) -> None:
    """Fire ChannelTest for `channel`, wait until Alertmanager has delivered or failed it, then resolve it.

    Raises OpsError when the channel is off, Alertmanager doesn't answer, or the delivery failed.
    """
    if channel not in FILES:
        raise OpsError(f"CHANNEL={channel!r} is no channel; expected one of {', '.join(FILES)}.")
    if not is_on(stack.settings, channel):
        raise OpsError(
            f"The channel {channel} is off: {stack.settings.secrets / FILES[channel]} is empty. Write its secret and "
            "run `make up` first."
        )
    base = f"http://{stack.settings.host}:{stack.settings['ALERTMANAGER_PORT']}"
    before = _counters(base, channel)
    run = uuid.uuid4().hex[:8]  # each test is an alert of its own: an earlier one must not hold this one back
    _post_alert(stack, channel, run, seconds=2 * DEADLINE_SECONDS)
    try:
        _await_delivery(base, channel, before)
    finally:
        _post_alert(stack, channel, run, seconds=0)


def _await_delivery(base: str, channel: str, before: tuple[float, float]) -> None:
    delivered, failed = before
    for _ in attempts(DEADLINE_SECONDS, 0.5):
        delivered, failed = _counters(base, channel)
        if failed > before[1]:
            raise OpsError(
                f"Alertmanager couldn't deliver to {channel}: its request failed {failed - before[1]:.0f} time(s). "
                "`make logs SERVICE=alertmanager` gives the answer it got; correct the secret or setting, `make up`."
            )
        if delivered > before[0]:
            say(f"Delivered: {channel} accepted the test notification. Look there for “ChannelTest”.")
            return
    raise OpsError(
        f"No delivery to {channel} within {DEADLINE_SECONDS} s: Alertmanager counted {delivered:.0f} deliveries before "
        "and after. Is the channel on since the last `make up`? `make logs SERVICE=alertmanager` says more."
    )


def _post_alert(stack: Stack, channel: str, run: str, *, seconds: int) -> None:
    """An alert of now that ends after so many seconds."""
    now = datetime.now(UTC)
    labels = [f"test_channel={channel}", f"run={run}", "severity=info", "service=alertmanager"]
    summary = f'--annotation=summary="Test of the channel {channel}"'
    description = "Somebody ran `make test-notification`. Nothing is wrong; no action is needed."
    times = (f"--start={now.isoformat()}", f"--end={(now + timedelta(seconds=seconds)).isoformat()}")
    alerts.amtool(
        stack, "alert", "add", "ChannelTest", *labels, summary, f'--annotation=description="{description}"', *times
    )


def _counters(base: str, channel: str) -> tuple[float, float]:
    """Requests that Alertmanager made to the channel's test receiver: those that worked, those that failed."""
    text = alerts.exposition(base, "Alertmanager")
    names = ("alertmanager_notification_requests_total", "alertmanager_notification_requests_failed_total")
    sums = []
    for name in names:
        rows = re.findall(rf'^{name}\{{[^}}]*receiver_name="test-{channel}"[^}}]*\}} (\S+)$', text, re.MULTILINE)
        sums.append(sum(float(row) for row in rows))
    return sums[0] - sums[1], sums[1]
