"""The server of Celery's processes under slow and hostile readers."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from time import time

import pytest
import requests
from harness.wait import eventually

from django_instrumentation import exposition, pages, server
from django_instrumentation.server import MAX_CONNECTIONS, Server


@pytest.fixture
def running() -> Iterator[Server]:
    serving = Server(0, collectors=(), ready_checks=())
    serving.start()
    yield serving
    serving.shutdown()
    serving.server_close()


def is_here(address: str) -> bool:
    """IPv6 may be switched off, which must not keep the server from beginning."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as found:
        try:
            found.bind((address, 0))
        except OSError:
            return False
        return True


@pytest.mark.parametrize("address", [*filter(is_here, ("127.0.0.1", "::1"))])
def test_it_answers_by_both_kinds_of_addresses(running: Server, address: str) -> None:
    """A cluster may have IPv6 alone."""
    with (
        socket.create_connection((address, running.server_address[1]), timeout=10) as connection,
        connection.makefile("rb") as answer,
    ):
        connection.sendall(b"GET /livez HTTP/1.0\r\n\r\n")
        assert answer.readline() == b"HTTP/1.0 200 OK\r\n"


def test_the_address_of_a_service_named_metrics_costs_a_line(
    monkeypatch: pytest.MonkeyPatch, lines: list[dict[str, object]]
) -> None:
    monkeypatch.setenv("METRICS_PORT", "tcp://10.0.0.1:80")
    serving = Server(0, collectors=(), ready_checks=())
    serving.start()
    port = serving.server_address[1]
    serving.shutdown()
    serving.server_close()
    (line,) = [each for each in lines if each["logger"] == "django_instrumentation.server"]
    assert (line["level"], "METRICS_PORT is tcp://10.0.0.1:80" in str(line)) == ("INFO", True)
    assert f"serves /metrics on port {port}. INSTRUMENTATION_METRICS_PORT sets another" in str(line)


def url(running: Server, path: str) -> str:
    return f"http://127.0.0.1:{running.server_address[1]}{path}"


def connect(running: Server, sent: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", running.server_address[1]), timeout=10)
    connection.sendall(sent)
    return connection


def serving_threads() -> int:
    return sum("process_request_thread" in thread.name for thread in threading.enumerate())


@pytest.mark.parametrize("sent", [b"", b"GET /livez HTTP/1.0\r\n", b"GET /livez HTTP/1.0\r\nX: "])
def test_idle_connections_in_masses_neither_hold_it_nor_its_threads(running: Server, sent: bytes) -> None:
    before = serving_threads()
    with contextlib.ExitStack() as stack:
        for _ in range(5 * MAX_CONNECTIONS):
            stack.enter_context(connect(running, sent))
        assert requests.get(url(running, "/livez"), timeout=5).status_code == 200
        assert serving_threads() - before <= MAX_CONNECTIONS


def test_a_client_that_dribbles_is_cut_off(running: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MAX_SECONDS", 1.0)
    with connect(running, b"GET /livez HTTP/1.0\r\n") as slow:

        def is_cut_off() -> bool:
            try:
                slow.sendall(b"X")
            except OSError:
                return True
            return False

        eventually(is_cut_off, "the connection to be ended, though a byte came all the time", 10)


def test_a_reader_that_reads_nothing_is_cut_off(
    running: Server, monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    monkeypatch.setattr(server, "MAX_SECONDS", 1.0)
    monkeypatch.setattr(pages.exposition, "render", lambda *_: b"x" * (64 << 20))
    before = serving_threads()
    request = f"GET /metrics HTTP/1.0\r\nAuthorization: Bearer {settings.INSTRUMENTATION.metrics_token}\r\n\r\n"
    with connect(running, request.encode()):
        eventually(lambda: serving_threads() > before, "its thread to begin")
        eventually(lambda: serving_threads() == before, "its thread to end", 10)
    assert requests.get(url(running, "/livez"), timeout=5).status_code == 200


@pytest.mark.parametrize(("path", "status"), [("/livez", 200), ("/readyz", 200), ("/metrics", 401), ("/else", 404)])
def test_head_has_the_head_of_get_and_no_body(running: Server, path: str, status: int) -> None:
    got, head = requests.get(url(running, path), timeout=5), requests.head(url(running, path), timeout=5)
    assert got.status_code == head.status_code == status
    assert head.headers["Content-Length"] == got.headers["Content-Length"] == str(len(got.content))
    with connect(running, f"HEAD {path} HTTP/1.0\r\n\r\n".encode()) as raw, raw.makefile("rb") as answer:
        assert answer.read().endswith(b"\r\n\r\n")
    assert requests.post(url(running, path), timeout=5).status_code == 501


def test_its_paths_are_settings(running: Server, settings: object) -> None:
    settings.INSTRUMENTATION = replace(
        settings.INSTRUMENTATION,
        metrics_path="/-/metrics",
        live_path="/-/live",
        health_path="/-/health",
        ready_path="/-/ready",
    )
    token = {"Authorization": f"Bearer {settings.INSTRUMENTATION.metrics_token}"}
    assert "build_info" in requests.get(url(running, "/-/metrics"), headers=token, timeout=5).text
    for path in ("/-/live", "/-/health", "/-/ready"):
        assert requests.get(url(running, path), timeout=5).json()["status"] == "ok"
    for path in ("/metrics", "/livez", "/healthz", "/readyz"):
        assert requests.get(url(running, path), headers=token, timeout=5).status_code == 404


def test_metrics_tell_the_clock_of_the_process_that_is_asked() -> None:
    before = time()
    (line,) = [each for each in exposition.render().decode().splitlines() if each.startswith("clock_timestamp_seconds")]
    assert before <= float(line.split()[1]) <= time()
