"""What all sandbox programs share: access lines, ids, settings, and a client that leaves."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.programs import Program, Starter, run_module
from tests.support.wait import eventually

TRACE = "0af7651916cd43dd8448eb211c80319c"


def line_of(program: Program, request_id: str) -> dict[str, Any]:
    """The one access line with that request id."""

    def look() -> list[dict[str, Any]]:
        return [line for line in program.lines() if line["request_id"] == request_id]

    found = eventually(look, f"the line of request {request_id}", 5, interval=0.02)
    assert len(found) == 1
    return found[0]


def test_each_request_gives_one_access_line_and_probes_give_none(start: Starter) -> None:
    inbox = start("sandbox.inbox")
    for path in ("/livez", "/metrics", "/livez"):
        inbox.request("GET", path)
    inbox.request("POST", "/slack/very-secret-token", json={"text": "x"}, headers={"X-Request-ID": "posted"})
    line = line_of(inbox, "posted")
    assert [line for line in inbox.lines() if line["logger"] == "access"] == [line]
    assert (line["route"], line["method"], line["status"]) == ("/slack/{token}", "POST", 200)
    assert 0 < line["duration"] < 5
    assert line["view"] == "Inbox.slack"
    assert (line["application"], line["service"]) == ("sandbox", "inbox")
    assert "very-secret-token" not in inbox.log.read_text()


def test_good_request_id_and_trace_are_kept(inbox: Program) -> None:
    headers = {"X-Request-ID": "my.request_id-1", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
    answer = inbox.request("GET", "/api/notifications", headers=headers)
    assert answer.headers["x-request-id"] == "my.request_id-1"
    assert line_of(inbox, "my.request_id-1")["trace_id"] == TRACE


@pytest.mark.parametrize(
    ("request_id", "traceparent"),
    [("with space", "nonsense"), ("x" * 65, f"00-{'0' * 32}-b7ad6b7169203331-01"), ("é", f"00-{TRACE}-b7-01")],
)
def test_bad_request_id_and_trace_are_replaced(inbox: Program, request_id: str, traceparent: str) -> None:
    answer = inbox.request("GET", "/", headers={"X-Request-ID": request_id.encode(), "traceparent": traceparent})
    made = answer.headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f-]{36}", made)
    assert re.fullmatch(rf"(?!0{{32}}|{TRACE})[0-9a-f]{{32}}", line_of(inbox, made)["trace_id"])


@pytest.mark.parametrize(
    ("module", "settings", "sentence"),
    [
        ("sandbox.inbox", {"INBOX_KEEP_BYTES": "x"}, "INBOX_KEEP_BYTES is 'x'; expected a number (int)."),
        ("sandbox.partner", {}, "PARTNER_API_KEY_FILE names no readable file"),
        ("sandbox.partner", {"PARTNER_API_KEY_FILE": "{empty}"}, "is empty; expected a secret"),
    ],
)
def test_wrong_setting_ends_the_program_with_one_sentence(
    tmp_path: Path, module: str, settings: dict[str, str], sentence: str
) -> None:
    (tmp_path / "empty").write_text(" \n")
    done = run_module(module, **{name: value.format(empty=tmp_path / "empty") for name, value in settings.items()})
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 1
    assert sentence in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("path", "code", "sentence"),
    [("/livez", 0, ""), ("/nowhere", 1, "HTTP Error 404: Not Found; expected status 200.")],
)
def test_probe_tells_by_its_exit_code(inbox: Program, path: str, code: int, sentence: str) -> None:
    done = run_module("sandbox.probe", f"{inbox.url}{path}")
    assert done.returncode == code
    assert sentence in done.stderr
