"""What a client does wrong costs it a 4xx and makes a count: no error line, no event, no file on the disk."""

import contextlib
import socket
import struct
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
import requests
from harness import processes
from harness.processes import HttpProcess
from harness.samples import total
from harness.tracker import Tracker
from harness.wait import eventually

LIMIT = 10_000_000
MULTIPART = "multipart/form-data; boundary=b"
FILE = b'--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n' + b"x" * 2 * LIMIT


@pytest.fixture(scope="module")
def web(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory, running_tracker: Tracker
) -> Iterator[HttpProcess]:
    folder = tmp_path_factory.mktemp("web")
    (folder / "tmp").mkdir()
    env = {"TMPDIR": str(folder / "tmp"), "MAX_BODY_BYTES": str(LIMIT), "SENTRY_DSN": running_tracker.dsn}
    with processes.web(folder, workers=2, **env) as process:
        yield process


@pytest.fixture
def form(web: HttpProcess) -> dict[str, str]:
    """The headers of somebody who has opened the form of the log-in, as anybody can."""
    page = requests.get(f"{web.url}/admin/login/", timeout=10)
    token = page.cookies["csrftoken"]
    return {"Cookie": f"csrftoken={token}", "X-CSRFToken": token}


def post(web: HttpProcess, path: str, body: bytes, **headers: str) -> int:
    """The status, which may come before the whole body was sent."""
    connection = HTTPConnection("127.0.0.1", int(web.url.rpartition(":")[2]), timeout=20)
    connection.putrequest("POST", path)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    with contextlib.suppress(ConnectionError):
        for start in range(0, len(body), 1 << 16):
            connection.send(body[start : start + (1 << 16)])
    try:
        return connection.getresponse().status
    finally:
        connection.close()


def counts(web: HttpProcess) -> tuple[float, ...]:
    """What must not rise by a client's fault."""
    names = ("sentry_events_total", "django_http_exceptions_total_by_view_total")
    return tuple(total(web.metrics(), name) for name in names)


def refused(web: HttpProcess, error: str) -> float:
    return total(web.metrics(), "http_client_errors_total", error=error)


def assert_it_is_only_an_access_line(web: HttpProcess, tracker: Tracker, request_id: str, status: int) -> None:
    line = web.line(request_id=request_id)
    assert (line["logger"], line["status"]) == ("access", status)
    assert [line for line in web.lines if line["level"] in ("ERROR", "CRITICAL")] == []
    assert tracker.events == []


def test_a_file_that_is_too_large_is_refused_before_it_is_stored(
    web: HttpProcess, form: dict[str, str], tracker: Tracker
) -> None:
    before, refusals, workers = counts(web), refused(web, "RequestDataTooBig"), web.children
    headers = {"Content-Type": MULTIPART, "Content-Length": str(len(FILE)), "X-Request-ID": "large-file", **form}
    assert post(web, "/admin/login/", FILE, **headers) == 413
    assert_it_is_only_an_access_line(web, tracker, "large-file", 413)
    assert (counts(web), refused(web, "RequestDataTooBig"), web.children) == (before, refusals + 1, workers)
    assert stored(web) == []


def stored(web: HttpProcess) -> list[Path]:
    return list(web.log.parent.joinpath("tmp").glob("*.upload*"))


def test_a_file_in_chunks_is_refused_too(web: HttpProcess, form: dict[str, str]) -> None:
    chunk = b"%x\r\n%b\r\n" % (len(FILE), FILE)
    headers = {"Content-Type": MULTIPART, "Transfer-Encoding": "chunked", **form}
    assert post(web, "/admin/login/", chunk + b"0\r\n\r\n", **headers) == 413
    assert post(web, "/api/login", b"no chunk\r\n", **headers) < 500
    assert stored(web) == []


@pytest.mark.parametrize("stated", [str(LIMIT + 1), "9" * 30])
def test_a_length_that_is_only_stated_is_refused_at_once(web: HttpProcess, stated: str) -> None:
    assert post(web, "/api/login", b"{}", **{"Content-Type": "application/json", "Content-Length": stated}) == 413


def test_a_length_that_is_too_short_ends_the_body(web: HttpProcess, form: dict[str, str]) -> None:
    assert post(web, "/admin/login/", FILE, **{"Content-Type": MULTIPART, "Content-Length": "100", **form}) < 500
    assert stored(web) == []


def test_a_client_that_hangs_up_while_it_sends_pages_nobody(web: HttpProcess, tracker: Tracker) -> None:
    before, refusals = counts(web), refused(web, "UnreadablePostError")
    with socket.create_connection(("127.0.0.1", int(web.url.rpartition(":")[2]))) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close by a reset
        head = "POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        client.sendall(f"{head}X-Request-ID: hung-up\r\nContent-Length: 1000\r\n\r\n{{".encode())
        eventually(lambda: in_flight(web) == 1, "the request to be under way")
    eventually(lambda: refused(web, "UnreadablePostError") == refusals + 1, "the client to be missed")
    assert_it_is_only_an_access_line(web, tracker, "hung-up", 400)
    assert counts(web) == before


def in_flight(web: HttpProcess) -> float:
    return total(web.metrics(), "http_requests_in_flight")
