"""The fault switches: what a broken partner or channel does to its callers, and how a person turns it on."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from sandbox import switch
from tests.sandbox.partner_calls import CALLS, PAYMENT, call
from tests.sandbox.programs import Program, Starter
from tests.support.wait import eventually

EVENT = {"routing_key": "R" * 32, "event_action": "resolve", "dedup_key": "group-1"}
CHANNELS: dict[str, tuple[str, dict[str, str]]] = {
    "slack": ("/slack/token", {"text": "ERP down"}),
    "pagerduty": ("/v2/enqueue", EVENT),
}


def turn(partner: Program, name: str, mode: str) -> None:
    partner.request("PUT", f"/switches/{name}", json={"mode": mode}).raise_for_status()


def test_error_answers_500_and_leaves_the_other_api_alone(partner: Program) -> None:
    turn(partner, "payment", "error")
    assert call(partner, *CALLS["payment"]).status_code == 500
    assert call(partner, *CALLS["shipping"]).status_code == 201
    assert partner.request("GET", "/livez").ok


def test_slow_answers_right_but_late(partner: Program) -> None:
    turn(partner, "payment", "slow")
    answer = call(partner, "/payments", PAYMENT)
    assert answer.status_code == 201
    assert answer.elapsed.total_seconds() >= 0.4


def test_timeout_gives_no_answer_for_the_time_set(partner: Program) -> None:
    turn(partner, "payment", "timeout")
    with pytest.raises(requests.ReadTimeout):
        call(partner, "/payments", PAYMENT, timeout=0.5)
    answer = call(partner, "/payments", PAYMENT)
    assert answer.status_code == 504
    assert answer.elapsed.total_seconds() >= 0.8


def test_client_that_leaves_ends_its_hanging_call(start: Starter, secret: Path) -> None:
    partner = start("sandbox.partner", PARTNER_API_KEY_FILE=str(secret), PARTNER_TIMEOUT_SECONDS="60")
    turn(partner, "payment", "timeout")
    with pytest.raises(requests.ReadTimeout):
        call(partner, "/payments", PAYMENT, timeout=0.3)
    eventually(lambda: partner.metric("partner_hanging") == 0, "the hanging call to end", 5, interval=0.05)


def test_a_hanging_call_ends_with_the_program(start: Starter, secret: Path) -> None:
    partner = start("sandbox.partner", PARTNER_API_KEY_FILE=str(secret))
    turn(partner, "payment", "timeout")
    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(call, partner, "/payments", PAYMENT, timeout=30)
        eventually(lambda: partner.metric("partner_hanging") == 1, "one call hangs", 5, interval=0.05)
        partner.stop_and_check()
        assert isinstance(held.exception(), requests.ConnectionError)


def test_garbage_answers_200_without_json(partner: Program) -> None:
    turn(partner, "shipping", "garbage")
    answer = call(partner, *CALLS["shipping"])
    assert answer.status_code == 200
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()


@pytest.mark.parametrize(
    ("mode", "status"), [("error", 500), ("busy", 429), ("refusing", 400), ("moved", 302), ("expired", 302)]
)
@pytest.mark.parametrize("channel", ["slack", "pagerduty"])
def test_a_broken_channel_refuses_and_keeps_nothing(start: Starter, channel: str, mode: str, status: int) -> None:
    inbox = start("sandbox.inbox")
    turn(inbox, channel, mode)
    address, body = CHANNELS[channel]
    answer = inbox.request("POST", address, json=body, allow_redirects=False)
    assert answer.status_code == status
    assert ("Retry-After" in answer.headers) is (mode == "busy")
    assert inbox.request("GET", "/api/notifications", params={"channel": channel}).json()["notifications"] == []
    turn(inbox, channel, "ok")
    assert inbox.request("POST", address, json=body).ok


@pytest.mark.parametrize("raw", [b"[]", b"{}", b'{"mode": "off"}', b'{"mode": ["ok"]}'])
def test_wrong_mode_is_refused_and_changes_nothing(partner: Program, raw: bytes) -> None:
    answer = partner.request("PUT", "/switches/payment", data=raw)
    assert answer.status_code == 400
    assert partner.request("GET", "/switches").json()["payment"] == "ok"


def test_command_turns_a_switch_and_says_what_is_no_switch(partner: Program) -> None:
    switch.main("shipping", "error", partner.port)
    assert partner.request("GET", "/switches").json()["shipping"] == "error"
    with pytest.raises(SystemExit, match="There is no switch 'coffee'"):
        switch.main("coffee", "ok", partner.port)
