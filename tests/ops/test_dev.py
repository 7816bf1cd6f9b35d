"""What `make dev` shows of the ERP's log."""

import json

import pytest

from ops.dev import readable

LINE = {
    "timestamp": "2026-11-28T10:20:30.456+00:00",
    "level": "WARNING",
    "logger": "orders",
    "message": "payment declined",
    "request_id": "abc",
    "extra": {"order": "O-1"},
}


def test_a_json_line_is_one_to_read() -> None:
    said = readable(f"erp-web-1  | {json.dumps(LINE)}")
    assert said == "erp-web-1  | 10:20:30 WARNING orders: payment declined order=O-1 [abc]"


def test_an_exception_has_its_lines() -> None:
    line = {**LINE, "exception": "Traceback\n  ValueError: no"}
    assert readable(f"erp-web-1 | {json.dumps(line)}").splitlines()[1:] == ["Traceback", "  ValueError: no"]


@pytest.mark.parametrize("text", ["", "starting", "{half", "[1]", '"text"', '{"level": "INFO"}', "null"])
def test_another_line_stays_as_it_is(text: str) -> None:
    assert readable(f"erp-web-1 | {text}") == f"erp-web-1 | {text}"
