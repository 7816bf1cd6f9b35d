"""Log lines: one JSON object each, with fields that nobody can forge."""

import logging
from typing import Any

import pytest

Lines = list[dict[str, Any]]
logger = logging.getLogger("some.library")


def test_text_from_outside_can_forge_neither_line_nor_field(lines: Lines) -> None:
    logger.info('x\n{"level": "CRITICAL"}\r\n\u2028"', extra={"level": "CRITICAL", "user_id": "1", "ids": {"a": 1}})
    logger.info({"level": "CRITICAL", "request_id": "forged", "password": "hunter2"})
    assert [(line["level"], line["request_id"], line["user_id"]) for line in lines] == [("INFO", None, None)] * 2
    assert lines[0]["extra"] == {"level": "CRITICAL", "user_id": "1"}
    assert "hunter2" not in str(lines)


@pytest.mark.parametrize(
    "arguments",
    [
        ("%d", "x"),
        ("%s %s", "x"),
        ("%(a)s", {"b": 1}),
        ("no place", 1),
        ("%s", "\ud800"),
        (b"bytes",),
        (None,),
    ],
)
def test_a_faulty_call_is_a_line_all_the_same(lines: Lines, arguments: tuple[Any, ...]) -> None:
    logger.info(*arguments)
    assert len(lines) == 1


def test_an_exception_is_one_field_scrubbed_and_capped(lines: Lines) -> None:
    try:
        raise ValueError("password=hunter2 " + "x" * 100_000)
    except ValueError:
        logger.exception("it failed")
    (line,) = lines
    assert line["exception"].startswith("Traceback")
    assert "hunter2" not in str(line)
    assert len(line["exception"]) < 13_000
