"""Every server: exact counts over the death of a worker, JSON lines of its own, and no query string in any."""

import contextlib
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import django
import pytest
import requests
from harness import scripts
from harness.processes import GUNICORN, HttpProcess, Process, free_port, serve
from harness.samples import total
from harness.tracker import Tracker
from harness.wait import eventually

from django_instrumentation import multiprocess

WSGI, ASGI = "harness.wsgi", "harness.asgi:application"
UVICORN = ("--workers", "2", "--port", "{port}", ASGI)
SERVERS = {
    "sync": (*GUNICORN, WSGI),
    "gthread": (*GUNICORN, "-k", "gthread", "--threads", "4", WSGI),
    "gevent": (*GUNICORN, "-k", "gevent", WSGI),
    "uvicorn_worker": (*GUNICORN, "-k", "uvicorn_worker.UvicornWorker", ASGI),
    "uvicorn": ("python", "-m", "django_instrumentation.uvicorn", *UVICORN),
    "plain uvicorn": ("uvicorn", *UVICORN),
}
RESPONSES = "django_http_responses_total_by_status_view_method_total"
LATENCY = "django_http_requests_latency_seconds_by_view_method_count"
SECRET = "hunter2"


@pytest.fixture(scope="module", params=SERVERS)
def site(
    request: pytest.FixtureRequest,
    django_db_setup: None,
    tmp_path_factory: pytest.TempPathFactory,
    running_tracker: Tracker,
) -> Iterator[HttpProcess]:
    folder = tmp_path_factory.mktemp("site")
    with serve(folder, *SERVERS[request.param], SENTRY_DSN=running_tracker.dsn) as process:
        eventually(lambda: len(workers(process)) == 2, "two workers")
        yield process


def workers(process: HttpProcess) -> list[int]:
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in process.children}
    return [pid for pid, command in commands.items() if command and b"resource_tracker" not in command]


def send(process: HttpProcess, number: int) -> set[int]:
    """So many requests, each on a connection of its own; the workers that answered."""

    def get(_: int) -> int:
        answer = requests.get(f"{process.url}/fine?token={SECRET}", headers={"Connection": "close"}, timeout=20)
        answer.raise_for_status()
        return int(answer.text)

    with ThreadPoolExecutor(4) as pool:
        return set(pool.map(get, range(number)))


def test_counts_are_exact_over_the_death_of_a_worker(site: HttpProcess) -> None:
    # Without hooks no parent keeps the counts: the other worker has to be there before this one dies.
    eventually(lambda: len(send(site, 8)) == 2, "answers of both workers")
    before = total(site.metrics(), RESPONSES, view="fine", status="200")
    send(site, 20)
    killed = workers(site)[0]
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: len(set(workers(site)) - {killed}) == 2, "another worker in its place")
    send(site, 20)
    for _ in range(4):  # whichever answers
        assert total(site.metrics(), RESPONSES, view="fine", status="200") == before + 40
        assert total(site.metrics(), LATENCY, view="fine") == before + 40


def test_an_error_is_one_line_and_one_event(site: HttpProcess, tracker: Tracker) -> None:
    headers = {"X-Request-ID": "failed", "Host": "localhost"}
    assert requests.get(f"{site.url}/fail?token={SECRET}", headers=headers, timeout=20).status_code == 500
    assert site.line(request_id="failed", logger="django.request")["exception"]
    assert tracker.event(request_id="failed")


def test_a_body_that_breaks_off_is_one_line_and_one_event_with_its_ids(site: HttpProcess, tracker: Tracker) -> None:
    errors = total(site.metrics(), "django_http_exceptions_total_by_view_total")
    url = f"{site.url}/{stream_of(site)}?fail=2&token={SECRET}"
    with pytest.raises(requests.RequestException):
        requests.get(url, headers={"X-Request-ID": "broken"}, timeout=20)
    assert site.line(request_id="broken", logger="access")["status"] == 500
    assert site.line(request_id="broken", level="ERROR")["logger"] == "django.request"
    assert tracker.event(request_id="broken")
    nameless = [line for line in site.lines if line["request_id"] is None]
    assert [line for line in nameless if "ZeroDivisionError" in line.get("exception", "")] == []
    assert len([event for event in tracker.events if "ZeroDivisionError" in str(event)]) == 1
    assert total(site.metrics(), "django_http_exceptions_total_by_view_total") == errors + 1


def test_a_stream_ends_with_its_body(site: HttpProcess) -> None:
    url = f"{site.url}/{stream_of(site)}?pieces=3&wait=0.1"
    assert len(requests.get(url, headers={"X-Request-ID": "whole"}, timeout=20).content) == 3 << 16
    line = site.line(request_id="whole", logger="access")
    assert (line["status"], line["duration"] > 0.2) == (200, True)
    assert [line["message"] for line in site.lines if line["request_id"] == "whole"][:3] == [
        f"piece {number}" for number in range(3)
    ]


def test_a_client_that_hangs_up_is_a_499(site: HttpProcess) -> None:
    view = stream_of(site)
    before = total(site.metrics(), RESPONSES, view=view)
    url, headers = f"{site.url}/{view}?pieces=1000&wait=0.01", {"X-Request-ID": "hung-up"}
    with requests.get(url, headers=headers, stream=True, timeout=20) as answer:
        next(answer.iter_content(1000))
    assert site.line(request_id="hung-up", logger="access")["status"] == 499
    eventually(lambda: total(site.metrics(), RESPONSES, view=view) == before + 1, "one response")
    assert total(site.metrics(), RESPONSES, view=view, status="499") >= 1
    assert total(site.metrics(), "http_requests_in_flight") == 0


def stream_of(site: HttpProcess) -> str:
    return "stream_async" if ASGI in site.popen.args else "stream"


def test_no_line_has_a_query_string(site: HttpProcess) -> None:
    assert SECRET not in site.log.read_text()
    errors = site.errors.read_text()
    assert SECRET not in errors
    loggers = {line["logger"] for line in site.lines}
    assert loggers & {"gunicorn.access", "uvicorn.access"} == set()
    assert "Started server process" not in errors
    assert ("uvicorn.error" in loggers) is (ASGI in site.popen.args)
    assert [line for line in site.lines if "color_message" in str(line)] == []
    if Path(site.popen.args[0]).name != "uvicorn":  # whose parent never loads the application
        assert errors == ""


@pytest.mark.parametrize(("server", "view"), [("sync", "hang"), ("gevent", "block"), ("uvicorn_worker", "block_async")])
def test_gunicorn_is_named_after_the_project_and_a_late_worker_leaves_a_line_a_count_and_a_latency(
    django_db_setup: None, tmp_path: Path, server: str, view: str
) -> None:
    with serve(tmp_path, *SERVERS[server], "--timeout", "2", SERVICE="") as process:
        started = [line for line in process.lines if line["logger"] == "gunicorn.error"]
        assert "harness" in {line["service"] for line in started}
        assert process.errors.read_text() == ""
        headers = {"X-Request-ID": "timed-out"}
        with contextlib.suppress(requests.ConnectionError):
            requests.get(f"{process.url}/{view}", headers=headers, timeout=20)
        line = process.line(request_id="timed-out", logger="access")
        assert (line["status"], line["duration"] > 1) == (500, True)
        told = process.line(request_id="timed-out", logger="django.request")
        assert (told["level"], "SystemExit" in told["exception"]) == ("ERROR", True)
        assert [line for line in process.lines if "exception" in line] == [told]
        # The worker that ends may still take a connection, and reset it.
        counted = eventually(process.metrics, "the worker's successor to answer")
        assert total(counted, RESPONSES, view=view, status="500") == 1
        assert total(counted, LATENCY, view=view) == 1
        assert total(counted, "http_requests_in_flight") == 0


def test_the_other_requests_of_a_late_worker_leave_a_line_and_a_count(
    django_db_setup: None, tmp_path: Path, tracker: Tracker
) -> None:
    """They end with its process. With Django 6.1 it lives on, as uvicorn catches SystemExit: their clients leave."""
    of_the_other = 500 if django.VERSION < (6, 1) else 499
    server = (*SERVERS["uvicorn_worker"], "--timeout", "2", "-w", "1")
    with serve(tmp_path, *server, SENTRY_DSN=tracker.dsn) as process, ThreadPoolExecutor(2) as pool:

        def get(view: str) -> None:
            with contextlib.suppress(requests.ConnectionError):
                requests.get(f"{process.url}/{view}", headers={"X-Request-ID": view}, timeout=6)

        pool.submit(get, "hang_async")
        eventually(lambda: total(process.metrics(), "http_requests_in_flight") == 1, "one that hangs")
        pool.submit(get, "block_async")
        statuses = [process.line(request_id=view, logger="access")["status"] for view in ("block_async", "hang_async")]
        assert statuses == [500, of_the_other]
        assert [total(process.metrics(), RESPONSES, view=view) for view in ("block_async", "hang_async")] == [1, 1]
        assert total(process.metrics(), "http_requests_in_flight") == 0
        told = process.line(request_id="block_async", logger="django.request")
        assert [line for line in process.lines if "exception" in line] == [told]
        assert tracker.event(request_id="block_async")
        assert len(tracker.events) == 1


def test_uvicorn_s_options_about_colours_are_taken() -> None:
    ours = "from django_instrumentation import uvicorn as ours"
    code = f"import uvicorn.main; {ours}; uvicorn.main.main = lambda: None; ours.main()"
    for colours in (True, False):
        scripts.output("-c", f"{code}; uvicorn.Config(None, use_colors={colours})")


def test_a_wrong_setting_ends_gunicorn_with_a_sentence(tmp_path: Path) -> None:
    command = [part.format(port=0) for part in (*GUNICORN, WSGI)]
    process = Process(command, tmp_path, SERVICE="site", OTEL_TRACES_SAMPLER_ARG="much")
    assert process.popen.wait(timeout=30) == 1
    assert process.errors.read_text() == "OTEL_TRACES_SAMPLER_ARG is 'much'; expected a number.\n"


def test_runserver_writes_one_line_a_request(transactional_db: None, tmp_path: Path) -> None:
    command = ("python", "manage.py", "runserver", "--noreload", "--insecure", "{port}")
    with serve(tmp_path, *command, DJANGO_SETTINGS_MODULE="harness.site") as process:
        requests.get(f"{process.url}/fine?token={SECRET}", headers={"X-Request-ID": "run"}, timeout=20)
        eventually(lambda: "run" in process.log.read_text(), "the line")
        lines = [line for line in process.log.read_text().splitlines() if line.startswith("{")]
        assert len([line for line in lines if "fine" in line]) == 1
        assert total(process.metrics(), RESPONSES, view="fine", status="200") == 1
        assert SECRET not in process.log.read_text() + process.errors.read_text()


@pytest.mark.parametrize(
    "command",
    [
        SERVERS["uvicorn"],
        SERVERS["plain uvicorn"],
        ("uvicorn", "--reload", "--port", "{port}", ASGI),
        ("uvicorn", "--workers", "2", ASGI),
        ("gunicorn", "-c", "python:harness", "-b", "127.0.0.1:{port}", "-w", "2", WSGI),
    ],
    ids=["uvicorn", "plain uvicorn", "reload", "port in the environment", "gunicorn without hooks"],
)
def test_two_servers_of_one_service_and_one_folder_count_apart(
    django_db_setup: None, tmp_path: Path, command: tuple[str, ...]
) -> None:
    numbers = {"blue": 5, "green": 9}
    with contextlib.ExitStack() as stack:
        found = {}
        for name in numbers:
            folder, port = tmp_path / name, free_port()
            folder.mkdir()
            env = {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "metrics"), "UVICORN_PORT": str(port)}
            found[name] = stack.enter_context(serve(folder, *command, port=port, **env))
        for name, number in numbers.items():
            send(found[name], number)
        for name, number in numbers.items():
            answers = [total(found[name].metrics(), RESPONSES, view="fine", status="200") for _ in range(6)]
            assert answers == [number] * 6  # whichever worker answers
        assert len(list((tmp_path / "metrics").iterdir())) == len(numbers)


@pytest.mark.parametrize("can_be_written", [True, False])
def test_gunicorn_without_a_place_for_its_control_socket_starts_without_an_error(
    django_db_setup: None, tmp_path: Path, can_be_written: bool
) -> None:
    """Since 25.1 it wants one below $HOME, which a container's user seldom has."""
    home = tmp_path / "home" if can_be_written else Path("/proc/nobody")
    with serve(tmp_path, *GUNICORN, WSGI, HOME=str(home), XDG_RUNTIME_DIR="") as process:
        words = "Control socket listening at" if can_be_written else "There is no control socket for gunicornc"
        line = eventually(lambda: [each for each in process.lines if words in each["message"]], "a line about it")[0]
        assert (line["level"], str(home / ".gunicorn") in line["message"]) == ("INFO", True)
        assert [each for each in process.lines if each["level"] == "ERROR"] == []


def test_a_control_socket_that_is_asked_for_is_gunicorn_s_own_affair(tmp_path: Path) -> None:
    code = """
import sys
from types import SimpleNamespace
from gunicorn.config import Config
from django_instrumentation import gunicorn

def server(**given):
    cfg = Config()
    for name, value in given.items():
        cfg.set(name, value)
    found = SimpleNamespace(cfg=cfg, log=SimpleNamespace(info=lambda *_: None))
    gunicorn._without_a_lost_control_socket(found)
    return cfg.control_socket_disable

print(server(), server(control_socket="/proc/nobody/ctl"), server(control_socket_disable=True))
"""
    given = {"HOME": "/proc/nobody", "XDG_RUNTIME_DIR": ""}
    assert scripts.output("-c", code, **given).split() == ["True", "False", "True"]


def test_two_gunicorns_with_sockets_of_one_relative_path_count_apart(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    entered: list[str] = []
    monkeypatch.setattr(multiprocess, "enter", entered.append)
    server = SimpleNamespace(cfg=SimpleNamespace(workers=1, settings={}, address=["shop.sock", ("127.0.0.1", 8000)]))
    for name in ("blue", "green"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        import_module("django_instrumentation.gunicorn").on_starting(server)
    assert entered == [f"web-['{tmp_path}/{name}/shop.sock', ('127.0.0.1', 8000)]" for name in ("blue", "green")]
