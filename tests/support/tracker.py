"""Client of the error tracker: Bugsink's canonical API, in the part that 2.6.1 and 2.6.2 share."""

from dataclasses import dataclass
from typing import Any

from tests.support import stack
from tests.support.api import Api

PROJECT_ID = 1
RECENT_ISSUES = 5
RECENT_EVENTS = 100


@dataclass(frozen=True)
class ErrorEvent:
    issue: str
    data: dict[str, Any]

    @property
    def tags(self) -> dict[str, str]:
        tags = self.data.get("tags") or {}
        pairs = tags.items() if isinstance(tags, dict) else tags
        return {str(key): str(value) for key, value in pairs}

    @property
    def exception(self) -> str:
        """What the last exception says; nothing where there is none."""
        values = self.data.get("exception", {}).get("values") or [{}]
        return str(values[-1].get("value", ""))

    @property
    def trace_id(self) -> str:
        return str(self.data.get("contexts", {}).get("trace", {}).get("trace_id", ""))


class Tracker(Api):
    service = "bugsink"
    root = "/api/canonical/0"

    def __init__(self, base: str | None = None, application: str = "") -> None:
        """The sample's project, or the one of another application."""
        super().__init__(base)
        self._application = application
        self.headers = {"Authorization": f"Bearer {stack.secret('bugsink_api_token')}"}
        self._events: dict[str, ErrorEvent] = {}  # an event never changes: each is read once

    def delete_issue(self, identifier: str) -> None:
        """Remove an issue with its events; the tracker does it a moment later."""
        self.send("DELETE", f"issues/{identifier}/")

    def issues(self) -> list[dict[str, Any]]:
        """Issues, the one seen last first."""
        return list(self.get("issues/", project=self._project(), sort="last_seen", order="desc")["results"])

    def _project(self) -> int:
        if not self._application:
            return PROJECT_ID
        (found,) = [each["id"] for each in self.get("projects/")["results"] if each["name"] == self._application]
        return int(found)

    def events(self) -> list[ErrorEvent]:
        """The newest events of the issues seen last."""
        found = []
        for issue in self.issues()[:RECENT_ISSUES]:
            listed = self.get("events/", issue=issue["id"], order="desc")["results"]
            found += [self._event(each["id"], issue["id"]) for each in listed[:RECENT_EVENTS]]
        return found

    def with_tag(self, tag: str, value: str) -> list[ErrorEvent]:
        """The recent events that carry this tag, such as request_id."""
        return [event for event in self.events() if event.tags.get(tag) == value]

    def _event(self, identifier: str, issue: str) -> ErrorEvent:
        if identifier not in self._events:
            self._events[identifier] = ErrorEvent(issue, self.get(f"events/{identifier}/")["data"])
        return self._events[identifier]
