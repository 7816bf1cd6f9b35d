"""Log lines: one JSON object each, with fields that nobody can forge."""

import json
import logging
import math
import os
import subprocess
import sys
from typing import Any

import pytest
from django.conf import settings

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


WRITER = """
import logging.config, sys
sys.path.insert(0, sys.argv[1])
from django_o11y.conf import Settings
from django_o11y.logging import logging_config
logging.config.dictConfig(logging_config(Settings(service="s", env="e", version="v")))
for number in range(30):
    logging.info("%s", sys.argv[2], extra={str(key): sys.argv[2] * 1_900 for key in range(40)})
"""


def test_long_lines_of_several_processes_do_not_mix_in_one_pipe() -> None:
    # Lines of 76 kB, larger than the pipe; read in small pieces, so that the writers have to wait for each other.
    reader, pipe = os.pipe()
    arguments = [sys.executable, "-u", "-c", WRITER, str(settings.BASE_DIR)]
    writers = [subprocess.Popen([*arguments, letter], stdout=pipe) for letter in "abc"]
    os.close(pipe)
    with os.fdopen(reader, "rb", buffering=0) as stream:
        output = b"".join(iter(lambda: stream.read(3_000), b""))
    assert [writer.wait(timeout=30) for writer in writers] == [0, 0, 0]
    lines = [json.loads(line) for line in output.splitlines()]
    assert len(lines) == 90
    assert all(set("".join(line["extra"].values())) == {line["message"]} for line in lines)
