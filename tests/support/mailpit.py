"""Client of Mailpit: the e-mail that would have gone out."""

from dataclasses import dataclass
from datetime import datetime

from tests.support.api import Api


@dataclass(frozen=True)
class Mail:
    id: str
    subject: str
    received_at: float
    text: str
    html: str
    to: tuple[str, ...] = ()


class Mailpit(Api):
    service = "mailpit"
    root = "/api/v1"

    def mails(self, *, since: float = 0, limit: int = 100) -> list[Mail]:
        """The mails that arrived after `since` (Unix seconds), oldest first, bodies included."""
        listed = self.get("messages", limit=limit)["messages"]
        fresh = [each for each in listed if _seconds(each["Created"]) > since]
        mails = [self._mail(each["ID"], each["Created"]) for each in fresh]
        return sorted(mails, key=lambda mail: mail.received_at)

    def _mail(self, identifier: str, created: str) -> Mail:
        body = self.get(f"message/{identifier}")
        to = tuple(each["Address"] for each in body["To"])
        return Mail(identifier, body["Subject"], _seconds(created), body["Text"], body["HTML"], to)


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
