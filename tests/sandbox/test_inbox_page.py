"""The inbox's page: a person reads what an alert is about, and nothing received becomes markup."""

import pytest

from tests.sandbox.programs import Program

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>&lt;"
RUNBOOK = "https://docs.example/runbooks/ErpPaymentDown?a=1&b=2"
ADDRESSES = {"slack": "/slack/token", "webhook": "/webhook", "heartbeat": "/heartbeat"}


def page_of(inbox: Program, query: str = "") -> str:
    answer = inbox.request("GET", f"/{query}")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return answer.text


def send(inbox: Program, channel: str, **body: object) -> str:
    """The page of the channel after a call."""
    assert inbox.request("POST", ADDRESSES[channel], json=body).ok
    return page_of(inbox, f"?channel={channel}")


@pytest.mark.parametrize("channel", ADDRESSES)
def test_alert_is_shown_with_its_texts_and_links(inbox: Program, channel: str) -> None:
    alert = {"title": "[CRITICAL] Payments fail", "text": f"<{RUNBOOK}|Runbook>", "fields": [{"value": 5}]}
    page = send(inbox, channel, attachments=[alert])
    for found in ("Payments fail", "<dd>5</dd>", '<article class="critical">', "UTC", "0 s ago"):
        assert found in page
    assert f'<a href="{RUNBOOK.replace("&", "&amp;")}"' in page


@pytest.mark.parametrize("channel", ADDRESSES)
@pytest.mark.parametrize("text", ["javascript:alert(3)", f"https://evil.example/{EVIL}", f'"{EVIL}'])
def test_nothing_received_becomes_markup(inbox: Program, channel: str, text: str) -> None:
    page = send(inbox, channel, text=text, attachments=[{EVIL: text, "title": EVIL}])
    for planted in ("<script", "<img", 'href="javascript', EVIL):
        assert planted not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_heartbeat_is_only_on_its_own_tab(inbox: Program) -> None:
    inbox.request("POST", "/heartbeat", data=f"beat {EVIL}")
    assert "beat &lt;script&gt;" in page_of(inbox, "?channel=heartbeat")
    assert "beat &lt;script&gt;" not in page_of(inbox)
    assert "Last heartbeat" in page_of(inbox)


def test_resolved_alert_says_so(inbox: Program) -> None:
    page = send(inbox, "slack", attachments=[{"title": "[RESOLVED] ErpPaymentDown", "text": "critical before"}])
    assert page.index('<article class="resolve">') < page.index("ErpPaymentDown")


def test_page_forbids_what_comes_from_outside(inbox: Program) -> None:
    policy = inbox.request("GET", "/").headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
