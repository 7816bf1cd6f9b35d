"""daphne's own access lines, which have query strings and addresses of clients, give way to the middleware's."""

import io
import logging
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from django_instrumentation import output

DETAILS = {"method": "GET", "path": "/fine?token=hunter2", "status": 500, "time_taken": 0.1, "client": "192.0.2.7:1"}


class AccessLogGenerator:
    """As in daphne.access."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def write_entry(self, host: str, date: str, request: str, status: int | None = None) -> None:
        self.stream.write(f'{host} - - [{date}] "{request}" {status}\n')


def test_what_it_prints_is_silenced_and_what_it_writes_to_a_file_stays(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "daphne.access", SimpleNamespace(AccessLogGenerator=AccessLogGenerator))
    monkeypatch.setattr(AccessLogGenerator, "write_entry", AccessLogGenerator.write_entry)
    output.silence_daphne()
    output.silence_daphne()  # as after a second setup of logging
    file = io.StringIO()
    for stream in (sys.stdout, sys.stderr, file):
        AccessLogGenerator(stream).write_entry("192.0.2.7:1", "now", "GET /fine?token=hunter2", status=200)
    assert capsys.readouterr() == ("", "")
    assert file.getvalue() == '192.0.2.7:1 - - [now] "GET /fine?token=hunter2" 200\n'


def test_its_runserver_writes_no_second_line_of_a_request(lines: list[dict[str, Any]]) -> None:
    logger = logging.getLogger("django.channels.server")
    logger.error("HTTP %(method)s %(path)s %(status)s [%(time_taken).2f, %(client)s]", DETAILS)
    logger.warning("Application instance took too long to shut down.")
    assert [line["message"] for line in lines] == ["Application instance took too long to shut down."]
