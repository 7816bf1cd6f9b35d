"""Finds title, text, state, severity and links in a notification of any channel."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

SLACK_LINK = re.compile(r"<(https?://[^|>\s]+)(?:\|([^>]*))?>")
SLACK_STATES = {"good": "resolved", "#2eb886": "resolved", "danger": "firing", "warning": "firing"}
STATE_WORD = re.compile(r"\b(firing|resolved)\b", re.IGNORECASE)
SEVERITY_WORD = re.compile(r"\b(critical|error|warning|info)\b", re.IGNORECASE)
PAGERDUTY_STATES = {"trigger": "firing", "acknowledge": "acknowledged", "resolve": "resolved"}


@dataclass(slots=True)
class Summary:
    title: str = ""
    text: str = ""
    state: str = ""
    severity: str = ""
    links: list[tuple[str, str]] = field(default_factory=list)

    def add_link(self, label: str, url: str) -> None:
        # A received javascript: link must not become a link of the page.
        if url.startswith(("http://", "https://")) and url not in {known for _, known in self.links}:
            self.links.append((label or url, url))


def summarize(channel: str, body: object) -> Summary:
    match channel:
        case "slack":
            return _slack(body)
        case "pagerduty":
            return _pagerduty(body)
        case "webhook":
            return _webhook(body)
        case _:
            return Summary(title="Heartbeat", text=body if isinstance(body, str) else "")


def text_at(value: object, *path: str) -> str:
    """The text at that path, or an empty one where the value has another form."""
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def items_at(value: object, key: str) -> Iterator[object]:
    found = value.get(key) if isinstance(value, dict) else None
    yield from found if isinstance(found, list) else ()


def _slack(body: object) -> Summary:
    summary = Summary()
    texts = [text_at(body, "text")]
    for part in items_at(body, "attachments"):
        summary.title = summary.title or _slack_plain(text_at(part, "title"), summary)
        summary.state = summary.state or SLACK_STATES.get(text_at(part, "color"), "")
        texts += [text_at(part, "pretext"), text_at(part, "text") or text_at(part, "fallback")]
        summary.add_link(text_at(part, "title"), text_at(part, "title_link"))
        for shown in items_at(part, "fields"):
            texts.append(f"{text_at(shown, 'title')}: {text_at(shown, 'value')}")
            if text_at(shown, "title").lower() == "severity":
                summary.severity = text_at(shown, "value").lower()
        for action in items_at(part, "actions"):
            summary.add_link(text_at(action, "text"), text_at(action, "url"))
    for block in items_at(body, "blocks"):
        texts.append(text_at(block, "text", "text"))
        texts += [text_at(shown, "text") for shown in items_at(block, "fields")]
    summary.text = _slack_plain("\n".join(text for text in texts if text), summary)
    everything = f"{summary.title}\n{summary.text}"
    word = STATE_WORD.search(everything)
    summary.state = word.group(1).lower() if word else summary.state
    severity = SEVERITY_WORD.search(everything)
    summary.severity = summary.severity or (severity.group(1).lower() if severity else "")
    if not summary.title:
        summary.title, _, summary.text = summary.text.partition("\n")
    return summary


def _slack_plain(text: str, summary: Summary) -> str:
    for url, label in SLACK_LINK.findall(text):
        summary.add_link(label, url)
    text = SLACK_LINK.sub(lambda link: link.group(2) or link.group(1), text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _pagerduty(body: object) -> Summary:
    summary = Summary(
        title=text_at(body, "payload", "summary") or text_at(body, "dedup_key"),
        text=text_at(body, "payload", "source"),
        state=PAGERDUTY_STATES.get(text_at(body, "event_action"), ""),
        severity=text_at(body, "payload", "severity"),
    )
    for link in items_at(body, "links"):
        summary.add_link(text_at(link, "text"), text_at(link, "href"))
    summary.add_link(text_at(body, "client"), text_at(body, "client_url"))
    return summary


def _webhook(body: object) -> Summary:
    summary = Summary(state=text_at(body, "status"), severity=text_at(body, "commonLabels", "severity"))
    names, texts = [], []
    for alert in items_at(body, "alerts"):
        names.append(text_at(alert, "labels", "alertname"))
        texts.append(text_at(alert, "annotations", "summary") or text_at(alert, "annotations", "description"))
        summary.severity = summary.severity or text_at(alert, "labels", "severity")
        summary.add_link("runbook", text_at(alert, "annotations", "runbook_url"))
        summary.add_link("board", text_at(alert, "annotations", "dashboard_url"))
        summary.add_link("logs", text_at(alert, "annotations", "logs_url"))
        summary.add_link("graph", text_at(alert, "generatorURL"))
    summary.title = ", ".join(dict.fromkeys(name for name in names if name)) or "Alert without a name"
    summary.text = "\n".join(dict.fromkeys(text for text in texts if text))
    summary.add_link("Alertmanager", text_at(body, "externalURL"))
    return summary
