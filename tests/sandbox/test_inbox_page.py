"""The inbox's page: a person sees what an alert is about, and nothing received becomes markup."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from tests.sandbox.programs import Program

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&lt;"
PLANTED = {"script", "img"}
RUNBOOK = "https://docs.example/runbooks/ErpPaymentDown?a=1&b=2"


class Page(HTMLParser):
    """The page as a browser reads it: elements, addresses and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.words = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]

    def handle_data(self, data: str) -> None:
        self.words += data


def page_of(inbox: Program, query: str = "") -> Page:
    answer = inbox.request("GET", f"/{query}")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return Page(answer.text)


def slack_alert(text: str, url: str) -> dict[str, object]:
    field = {"title": "Severity", "value": "critical"}
    action = {"type": "button", "text": text, "url": url}
    link = f"<{url}|{text}>" if url.startswith("http") else url
    return {
        "attachments": [
            {"title": f"[FIRING:1] {text}", "title_link": url, "text": link, "color": "danger"}
            | {"fields": [field], "actions": [action]}
        ]
    }


def pagerduty_alert(text: str, url: str) -> dict[str, object]:
    return {
        "routing_key": text,
        "event_action": "trigger",
        "payload": {"summary": text, "source": text, "severity": "critical", "custom_details": {text: text}},
        "client": text,
        "client_url": url,
        "links": [{"href": url, "text": text}],
    }


def webhook_alert(text: str, url: str) -> dict[str, object]:
    annotations = {"summary": text, "runbook_url": url, "dashboard_url": url}
    labels = {"alertname": text, "severity": "critical"}
    alert = {"status": "firing", "labels": labels, "annotations": annotations, "generatorURL": url}
    return {"status": "firing", "commonLabels": {"severity": text}, "externalURL": url, "alerts": [alert]}


CHANNELS = {
    "slack": ("/slack/token", slack_alert),
    "pagerduty": ("/v2/enqueue", pagerduty_alert),
    "webhook": ("/webhook", webhook_alert),
}


@pytest.mark.parametrize("channel", CHANNELS)
def test_alert_is_shown_with_state_severity_summary_and_links(inbox: Program, channel: str) -> None:
    address, alert = CHANNELS[channel]
    body = alert("Payments fail", RUNBOOK)
    if channel == "webhook":
        body["commonLabels"] = {"severity": "critical"}
    assert inbox.request("POST", address, json=body).ok
    page = page_of(inbox, f"?channel={channel}")
    for word in ("Payments fail", "firing", "critical", "UTC", "0 s ago"):
        assert word in page.words
    assert RUNBOOK in page.links


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("url", ["javascript:alert(3)", f"https://evil.example/{EVIL}", f'"{EVIL}'])
def test_nothing_received_becomes_markup(inbox: Program, channel: str, url: str) -> None:
    address, alert = CHANNELS[channel]
    assert inbox.request("POST", address, json=alert(EVIL, url)).ok
    page = page_of(inbox, f"?channel={channel}")
    assert not page.tags & PLANTED
    assert not {name for name in page.attributes if name.startswith("on")}
    assert all(link.startswith(("/", "http://", "https://")) for link in page.links)
    assert "<script>alert(1)</script>" in page.words


def test_heartbeat_text_is_escaped_and_only_on_its_own_tab(inbox: Program) -> None:
    inbox.request("POST", "/heartbeat", data=f"beat {EVIL}")
    assert not page_of(inbox, "?channel=heartbeat").tags & PLANTED
    assert "beat <script>" in page_of(inbox, "?channel=heartbeat").words
    assert "beat <script>" not in page_of(inbox).words
    assert "Last heartbeat" in page_of(inbox).words


@pytest.mark.parametrize(
    "body",
    [
        {"attachments": [{"title": 5, "fields": ["x", {"value": []}], "actions": {"a": 1}, "color": {}}]},
        {"blocks": [{"text": "plain"}, {"text": {"text": 3}}, {"fields": 7}]},
        {"text": "<https://a.example|one> & <https://b.example>"},
    ],
)
def test_odd_shapes_are_shown_without_failing(inbox: Program, body: object) -> None:
    assert inbox.request("POST", "/slack/token", json=body).ok
    assert page_of(inbox).words


def test_resolved_alert_says_so(inbox: Program) -> None:
    body = {"attachments": [{"title": "[RESOLVED] ErpPaymentDown", "text": "over", "color": "good"}]}
    inbox.request("POST", "/slack/token", json=body)
    html = inbox.request("GET", "/?channel=slack").text
    assert html.index('<article class="resolved">') < html.index("ErpPaymentDown")


def test_page_refreshes_itself_unless_told_not_to(inbox: Program) -> None:
    assert 'http-equiv="refresh"' in inbox.request("GET", "/").text
    assert 'http-equiv="refresh"' not in inbox.request("GET", "/?refresh=0").text


def test_page_needs_nothing_from_outside_and_forbids_it(inbox: Program) -> None:
    answer = inbox.request("GET", "/")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "url(" not in answer.text
    assert "@import" not in answer.text


def test_long_text_is_shortened(inbox: Program) -> None:
    inbox.request("POST", "/slack/token", json={"text": "long " * 20_000})
    answer = inbox.request("GET", "/?channel=slack")
    assert "(shortened)" in answer.text
