"""Log lines: one JSON object each, with fields that nobody can forge."""

import logging
import math
from typing import Any

import pytest

Lines = list[dict[str, Any]]
logger = logging.getLogger("some.library")


def test_text_from_outside_can_forge_neither_line_nor_field(lines: Lines) -> None:
    logger.info('x\n{"level": "CRITICAL"}\r\n\u2028"', extra={"level": "CRITICAL", "user_id": "1", "ids": {"a": 1}})
    logger.info({"level": "CRITICAL", "request_id": "forged", "password": "hunter2"})
    assert [(line["level"], line["request_id"], line["user_id"]) for line in lines] == [("INFO", None, None)] * 2
    assert lines[0]["extra"] == {"level": "CRITICAL", "user_id": "1", "ids": {"a": 1}}
    assert "hunter2" not in str(lines)


class Broken:
    def __str__(self) -> str:
        raise AttributeError("no such column")

    __repr__ = __str__


@pytest.mark.parametrize(
    "arguments",
    [
        ("%d", "x"),
        ("%d", math.inf),
        ("order %s is late", Broken()),
        ("%r", Broken()),
        (Broken(),),
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
    (line,) = lines
    if isinstance(arguments[0], str):
        assert arguments[0] in line["message"] or "\ud800" in arguments


@pytest.mark.parametrize("extra", [{"order": Broken()}, {"orders": {Broken(): 1}}, {"orders": [Broken()]}])
def test_an_extra_that_can_not_be_shown_costs_no_line(lines: Lines, extra: dict[str, Any]) -> None:
    try:
        raise ValueError("the reason")
    except ValueError:
        logger.exception("order %s is late", 7, extra=extra)
    (line,) = lines
    assert line["message"].startswith("order 7 is late")
    assert "the reason" in line["exception"]


def test_an_exception_is_one_field_scrubbed_and_capped(lines: Lines) -> None:
    try:
        raise ValueError("password=hunter2 " + "x" * 100_000)
    except ValueError:
        logger.exception("it failed")
    (line,) = lines
    assert line["exception"].startswith("Traceback")
    assert "hunter2" not in str(line)
    assert len(line["exception"]) < 13_000
