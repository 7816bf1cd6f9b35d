"""Faults of those who are to be told: Slack and PagerDuty, as the sandbox's inbox plays them, and the mail server."""

import json
import urllib.request

from ops import fault_acts as acts
from ops.console import OpsError
from ops.fault_acts import Act, Fault
from ops.stack import Stack

INBOX_PORT = 8095
REFUSED, LATER = 550, 451


def _switch(channel: str, mode: str) -> Act:
    return acts.switch(channel, mode, "inbox", INBOX_PORT)


def _mail(code: int) -> Act:
    """Mailpit answers every recipient with that code; 0 lets every mail in."""

    def act(stack: Stack) -> None:
        recipient = {"ErrorCode": code or REFUSED, "Probability": 100 if code else 0}
        address = f"http://{stack.settings.host}:{stack.settings['MAILPIT_PORT']}/api/v1/chaos"
        body = json.dumps({"Recipient": recipient}).encode()
        request = urllib.request.Request(address, body, {"Content-Type": "application/json"}, method="PUT")
        try:
            urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 - an http address
        except OSError as error:
            raise OpsError(
                f"Mailpit doesn't take a fault at {address}: {error}. Expected it to run: `make up`."
            ) from None

    return act


FAULTS: dict[str, Fault] = {
    **{
        f"{channel}-{name}": Fault(f"{title} {meaning}", _switch(channel, mode), _switch(channel, "ok"))
        for channel, title in (("slack", "Slack"), ("pagerduty", "PagerDuty"))
        for name, mode, meaning in (
            ("down", "error", "answers 500"),
            ("busy", "busy", "answers 429 with Retry-After"),
            ("refusing", "refusing", "answers 400"),
            ("moved", "moved", "redirects to an address that isn't there"),
            ("hanging", "timeout", "never answers"),
        )
    },
    "mail-refused": Fault("the mail server refuses every recipient", _mail(REFUSED), _mail(0)),
    "mail-greylisted": Fault("the mail server tells every sender to come back later", _mail(LATER), _mail(0)),
}
