"""What a person on call gets, in one shape: Slack and PagerDuty from the inbox, e-mail from Mailpit.

Mails of the error tracker, to TRACKER_EMAIL_TO, are none.
"""

import html
import re
from dataclasses import dataclass
from typing import Any

from tests.support.inbox import Inbox, Notification
from tests.support.mailpit import Mail, Mailpit
from tests.support.stack import setting

CHANNELS = ("slack", "pagerduty", "email")
RESOLVED = "[RESOLVED]"
# Every notification has a link that silences its group.
SILENCED_ALERT = re.compile(r"alertname%3D%22(\w+)%22")
# What a template leaves behind when a value is missing or of the wrong kind.
UNRENDERED = re.compile(r"<no value>|\{\{|\}\}|%![a-zA-Z]\(|<nil>|map\[")


@dataclass(frozen=True)
class Page:
    """One notification; `text` is all of it, title included."""

    channel: str
    received_at: float
    title: str
    text: str
    incident: str = ""  # PagerDuty's dedup_key

    @property
    def is_resolution(self) -> bool:
        return self.title.startswith(RESOLVED)

    @property
    def alert(self) -> str:
        """The name of the alerts in it, by the link that silences them; empty where there is none."""
        found = SILENCED_ALERT.search(self.text)
        return found[1] if found else ""

    @property
    def unrendered(self) -> list[str]:
        return UNRENDERED.findall(html.unescape(self.text))


class Pages:
    def __init__(self) -> None:
        self._inbox = Inbox()
        self._mailpit = Mailpit()

    def received(self, channel: str, *, since: float) -> list[Page]:
        """The pages of a channel that arrived after `since` (Unix seconds), oldest first."""
        if channel == "email":
            mails = self._mailpit.mails(since=since)
            return [_from_mail(mail) for mail in mails if setting("TRACKER_EMAIL_TO") not in mail.to]
        found = self._inbox.notifications(channel)
        return [_from_call(each) for each in found if each.received_at > since]

    def of(
        self, alert: str, channel: str, *, since: float, resolution: bool | None = None, says: str = ""
    ) -> list[Page]:
        """The pages of an alert by its name; `says` tells apart those of several services."""
        pages = [page for page in self.received(channel, since=since) if page.alert == alert and says in page.text]
        return [page for page in pages if resolution in (None, page.is_resolution)]


def _from_mail(mail: Mail) -> Page:
    return Page("email", mail.received_at, mail.subject, f"{mail.subject}\n{mail.text}\n{mail.html}")


def _from_call(call: Notification) -> Page:
    body: dict[str, Any] = call.body
    if call.channel == "pagerduty":
        title = body.get("payload", {}).get("summary", "")
        if (body["event_action"] == "resolve") is not title.startswith(RESOLVED):
            title = f"{body['event_action']} contradicts: {title}"
    else:
        title = body["attachments"][0]["title"]
    return Page(call.channel, call.received_at, title, call.text, body.get("dedup_key", ""))
