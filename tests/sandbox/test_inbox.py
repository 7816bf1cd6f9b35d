"""What the inbox takes and refuses, channel by channel, and what it answers to programs."""

import json
from typing import Any

import pytest

from tests.sandbox.programs import Program, Starter

PAYLOAD = {"summary": "ERP down", "source": "erp-web", "severity": "critical"}
EVENT = {"routing_key": "R" * 32, "event_action": "trigger", "dedup_key": "group-1", "payload": PAYLOAD}
BROKEN_BODIES = {
    "no JSON": b"{nothing",
    "no object": b"[1]",
    "not UTF-8": b'{"text": "x", "more": "\xff"}',
    "not a number": b'{"text": "x", "more": NaN}',
    "integer too long": b'{"text": "x", "more": ' + b"9" * 5000 + b"}",
    "nested too deep": b'{"text": "x", "more": ' + b"[" * 60 + b"]" * 60 + b"}",
    "nested to death": b"[" * 500_000,
}
ADDRESSES = {"slack": "/slack/token", "pagerduty": "/v2/enqueue", "webhook": "/webhook", "tracker": "/tracker/slack"}


def newest(inbox: Program, channel: str) -> dict[str, Any]:
    answer = inbox.request("GET", "/api/notifications", params={"channel": channel})
    found: dict[str, Any] = answer.json()["notifications"][-1]
    return found


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


def test_a_pagerduty_trigger_gets_its_dedup_key_back_or_a_new_one(inbox: Program) -> None:
    answer = inbox.request("POST", "/v2/enqueue", json=EVENT)
    assert (answer.status_code, answer.json()["dedup_key"]) == (202, "group-1")
    answer = inbox.request("POST", "/v2/enqueue", json={**EVENT, "dedup_key": ""})
    assert (answer.status_code, len(answer.json()["dedup_key"])) == (202, 32)


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


@pytest.mark.parametrize("channel", ADDRESSES)
@pytest.mark.parametrize("name", BROKEN_BODIES)
def test_broken_body_is_refused(inbox: Program, channel: str, name: str) -> None:
    answer = inbox.request("POST", ADDRESSES[channel], data=BROKEN_BODIES[name])
    assert answer.status_code == 400
    assert len(answer.text) < 500


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


@pytest.mark.parametrize("channel", ["sms", ""])
def test_unknown_channel_is_refused_with_the_reason(inbox: Program, channel: str) -> None:
    answer = inbox.request("GET", "/api/notifications", params={"channel": channel})
    assert answer.status_code == 400
    assert "expected one of slack" in answer.json()["detail"]


def test_lone_surrogate_and_foreign_text_come_back_whole(inbox: Program) -> None:
    raw = b'{"text": "half \\ud800 pair, \xe6\x97\xa5\xe6\x9c\xac"}'
    assert inbox.request("POST", "/slack/token", data=raw).text == "ok"
    assert newest(inbox, "slack")["body"] == json.loads(raw)
    assert inbox.request("GET", "/").status_code == 200


def test_memory_is_bounded_by_size_and_channels_dont_push_each_other_out(start: Starter) -> None:
    inbox = start("sandbox.inbox", INBOX_KEEP_BYTES="10000")
    inbox.request("POST", "/webhook", json={"alerts": []})
    for _ in range(3):
        inbox.request("POST", "/slack/token", json={"text": "x" * 4000})
    inbox.request("POST", "/heartbeat", data="y" * 20_000)
    answer = inbox.request("GET", "/api/notifications").json()
    assert [item["channel"] for item in answer["notifications"]] == ["webhook", "slack", "slack"]
    assert answer["dropped"] == {"slack": 1, "pagerduty": 0, "webhook": 0, "heartbeat": 1, "tracker": 0}
