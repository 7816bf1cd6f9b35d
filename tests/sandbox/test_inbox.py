"""What the inbox takes and refuses, channel by channel, and what it answers to programs."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import requests

from tests.sandbox.programs import Program, Starter
from tests.support.wait import eventually

PAYLOAD = {"summary": "ERP down", "source": "erp-web", "severity": "critical"}
EVENT = {
    "routing_key": "R" * 32,
    "event_action": "trigger",
    "dedup_key": "group-1",
    "payload": PAYLOAD,
}
ALERT = {"status": "firing", "labels": {"alertname": "ErpDown"}, "annotations": {}}
WEBHOOK = {"version": "4", "status": "firing", "alerts": [ALERT]}
BROKEN_BODIES = {
    "empty": b"",
    "no JSON": b"{nothing",
    "no object": b"[1]",
    "not UTF-8": b'{"text": "x", "more": "\xff"}',
    "not a number": b'{"text": "x", "more": NaN}',
    "number too large": b'{"text": "x", "more": 1e999}',
    "integer too long": b'{"text": "x", "more": ' + b"9" * 5000 + b"}",
    "nested too deep": b'{"text": "x", "more": ' + b"[" * 60 + b"]" * 60 + b"}",
    "nested to death": b"[" * 500_000,
}
ADDRESSES = {"slack": "/slack/token", "pagerduty": "/v2/enqueue", "webhook": "/webhook"}


def newest(inbox: Program, channel: str) -> dict[str, Any]:
    answer = inbox.request("GET", "/api/notifications", params={"channel": channel})
    found: dict[str, Any] = answer.json()["notifications"][-1]
    return found


def test_accepted_slack_message_is_listed_as_it_came(inbox: Program) -> None:
    body = {"channel": "#erp", "attachments": [{"title": "[FIRING:1] ErpDown"}]}
    before = time.time()
    answer = inbox.request("POST", "/slack/a-secret-token", json=body)
    assert (answer.status_code, answer.text) == (200, "ok")
    found = newest(inbox, "slack")
    assert found["body"] == body
    assert found["channel"] == "slack"
    assert before <= found["received_at"] <= time.time()


def test_slack_form_with_payload_field_is_accepted(inbox: Program) -> None:
    answer = inbox.request("POST", "/slack/token", data={"payload": '{"text": "by form"}'})
    assert answer.text == "ok"
    assert newest(inbox, "slack")["body"] == {"text": "by form"}


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({}, "no_text"),
        ({"text": ""}, "no_text"),
        ({"attachments": []}, "no_text"),
        ({"text": 7}, "invalid_payload"),
        ({"attachments": "none"}, "invalid_payload"),
        ({"blocks": ["none"]}, "invalid_payload"),
        ({"attachments": [{}] * 101}, "too_many_attachments"),
    ],
)
def test_slack_refuses_with_its_own_word(inbox: Program, body: object, word: str) -> None:
    answer = inbox.request("POST", "/slack/token", json=body)
    assert (answer.status_code, answer.text) == (400, word)


def test_accepted_pagerduty_event_gives_its_dedup_key_back(inbox: Program) -> None:
    answer = inbox.request("POST", "/v2/enqueue", json=EVENT)
    assert answer.status_code == 202
    assert answer.json() == {"status": "success", "message": "Event processed", "dedup_key": "group-1"}
    assert newest(inbox, "pagerduty")["body"] == EVENT


def test_pagerduty_trigger_without_dedup_key_gets_one(inbox: Program) -> None:
    event = {key: value for key, value in EVENT.items() if key != "dedup_key"}
    assert len(inbox.request("POST", "/v2/enqueue", json=event).json()["dedup_key"]) == 32


@pytest.mark.parametrize("action", ["acknowledge", "resolve"])
def test_pagerduty_takes_a_bare_acknowledge_or_resolve(inbox: Program, action: str) -> None:
    event = {"routing_key": "key", "event_action": action, "dedup_key": "group-1"}
    assert inbox.request("POST", "/v2/enqueue", json=event).status_code == 202


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"routing_key": ""}, "'routing_key' is missing or blank"),
        ({"routing_key": None}, "'routing_key' is missing or blank"),
        ({"event_action": "explode"}, "'event_action' is invalid"),
        ({"event_action": ["trigger"]}, "'event_action' is invalid"),
        ({"dedup_key": 5}, "'dedup_key' must be a text"),
        ({"dedup_key": "k" * 256}, "'dedup_key' must be a text"),
        ({"event_action": "resolve", "dedup_key": ""}, "'dedup_key' is required to resolve"),
        ({"payload": None}, "'payload' is missing"),
        ({"payload": {**PAYLOAD, "summary": " "}}, "'payload.summary' is missing"),
        ({"payload": {**PAYLOAD, "summary": "s" * 1025}}, "longer than 1024"),
        ({"payload": {**PAYLOAD, "source": 3}}, "'payload.source' is missing"),
        ({"payload": {**PAYLOAD, "severity": "bad"}}, "'payload.severity' is invalid"),
    ],
)
def test_pagerduty_refuses_with_the_reason(inbox: Program, change: dict[str, Any], reason: str) -> None:
    answer = inbox.request("POST", "/v2/enqueue", json={**EVENT, **change})
    assert answer.status_code == 400
    assert answer.json()["status"] == "invalid event"
    assert reason in " ".join(answer.json()["errors"])


def test_accepted_webhook_is_listed_as_it_came(inbox: Program) -> None:
    assert inbox.request("POST", "/webhook", json=WEBHOOK).status_code == 200
    assert newest(inbox, "webhook")["body"] == WEBHOOK


@pytest.mark.parametrize("channel", ADDRESSES)
@pytest.mark.parametrize("name", BROKEN_BODIES)
def test_broken_body_is_refused_and_counted(inbox: Program, channel: str, name: str) -> None:
    before = inbox.metric("inbox_rejected_total", channel=channel)
    answer = inbox.request("POST", ADDRESSES[channel], data=BROKEN_BODIES[name])
    assert answer.status_code == 400
    assert len(answer.text) < 500
    assert inbox.metric("inbox_rejected_total", channel=channel) == before + 1


@pytest.mark.parametrize("address", [*ADDRESSES.values(), "/heartbeat"])
def test_body_above_the_limit_is_refused(inbox: Program, address: str) -> None:
    answer = inbox.request("POST", address, data=b" " * (1024 * 1024 + 1))
    assert answer.status_code == 413
    assert answer.json()["error"] == "too_large"


@pytest.mark.parametrize(
    ("method", "raw", "listed"),
    [("POST", b"", ""), ("GET", b"", ""), ("POST", b"free \xff text", "free � text"), ("POST", b"[1]", [1])],
)
def test_heartbeat_takes_anything(inbox: Program, method: str, raw: bytes, listed: object) -> None:
    assert inbox.request(method, "/heartbeat", data=raw).status_code == 200
    assert newest(inbox, "heartbeat")["body"] == listed


def test_heartbeat_age_starts_again_with_each_heartbeat(inbox: Program) -> None:
    inbox.request("POST", "/heartbeat")
    first = inbox.metric("inbox_heartbeat_age_seconds")
    later = inbox.metric("inbox_heartbeat_age_seconds")
    inbox.request("POST", "/heartbeat")
    assert 0 <= first < later
    assert inbox.metric("inbox_heartbeat_age_seconds") < 1


def test_inbox_is_ill_when_heartbeats_stop_and_well_with_the_next(start: Starter) -> None:
    inbox = start("sandbox.inbox", INBOX_HEARTBEAT_SECONDS="1")
    assert inbox.request("GET", "/livez").ok
    inbox.request("POST", "/heartbeat")
    assert inbox.request("GET", "/livez").ok
    answer = eventually(lambda: inbox.request("GET", "/livez"), "503", 10, until=lambda found: found.status_code == 503)
    assert answer.text.startswith("No heartbeat for 1 s, expected one a minute")
    inbox.request("POST", "/heartbeat")
    assert inbox.request("GET", "/livez").ok


def test_list_is_cut_by_id_and_channel(inbox: Program) -> None:
    inbox.request("POST", "/webhook", json=WEBHOOK)
    first = newest(inbox, "webhook")["id"]
    inbox.request("POST", "/slack/token", json={"text": "second"})
    inbox.request("POST", "/webhook", json=WEBHOOK)
    later = inbox.request("GET", "/api/notifications", params={"after": first}).json()["notifications"]
    assert [item["channel"] for item in later] == ["slack", "webhook"]
    assert [item["id"] for item in later] == [first + 1, first + 2]


@pytest.mark.parametrize(
    "query", ["after=x", "after=-1", "after=1.5", "after=" + "9" * 30, "after=٣", "channel=sms", "channel="]
)
def test_wrong_query_is_refused_with_the_reason(inbox: Program, query: str) -> None:
    answer = inbox.request("GET", f"/api/notifications?{query}")
    assert answer.status_code == 400
    assert "expected" in answer.json()["detail"]


def test_lone_surrogate_and_foreign_text_come_back_whole(inbox: Program) -> None:
    raw = b'{"text": "half \\ud800 pair, \xe6\x97\xa5\xe6\x9c\xac"}'
    assert inbox.request("POST", "/slack/token", data=raw).text == "ok"
    assert newest(inbox, "slack")["body"] == json.loads(raw)
    assert inbox.request("GET", "/").status_code == 200


def test_lone_surrogate_in_a_dedup_key_is_given_back(inbox: Program) -> None:
    raw = json.dumps({**EVENT, "dedup_key": "\ud800"}).encode()
    answer = inbox.request("POST", "/v2/enqueue", data=raw)
    assert (answer.status_code, answer.json()["dedup_key"]) == (202, "\ud800")


def test_memory_is_bounded_by_number_and_what_is_dropped_is_counted(start: Starter) -> None:
    inbox = start("sandbox.inbox", INBOX_KEEP="5")
    with requests.Session() as session:
        for number in range(12):
            session.post(f"{inbox.url}/slack/token", json={"text": str(number)}, timeout=10)
    answer = inbox.request("GET", "/api/notifications").json()
    assert [item["body"]["text"] for item in answer["notifications"]] == ["7", "8", "9", "10", "11"]
    assert answer["dropped"] == {"slack": 7, "pagerduty": 0, "webhook": 0, "heartbeat": 0}
    assert inbox.metric("inbox_dropped_total", channel="slack") == 7
    assert inbox.metric("inbox_received_total", channel="slack") == 12
    assert inbox.metric("inbox_stored", channel="slack") == 5


def test_memory_is_bounded_by_size_and_channels_dont_push_each_other_out(start: Starter) -> None:
    inbox = start("sandbox.inbox", INBOX_KEEP_BYTES="10000")
    inbox.request("POST", "/webhook", json=WEBHOOK)
    for _ in range(3):
        inbox.request("POST", "/slack/token", json={"text": "x" * 4000})
    inbox.request("POST", "/heartbeat", data="y" * 20_000)
    answer = inbox.request("GET", "/api/notifications").json()
    assert [item["channel"] for item in answer["notifications"]] == ["webhook", "slack", "slack"]
    assert answer["dropped"] == {"slack": 1, "pagerduty": 0, "webhook": 0, "heartbeat": 1}
