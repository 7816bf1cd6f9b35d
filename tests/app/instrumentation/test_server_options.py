"""What a server's own options ask of its log counts, beside the lines on stdout, and stops nobody."""

import json
import socket
from pathlib import Path

import pytest
from harness import scripts
from harness.processes import GUNICORN, serve

from .test_servers import ASGI, WSGI


@pytest.mark.parametrize("command", [GUNICORN, ("uvicorn", "--port", "{port}")], ids=["gunicorn", "uvicorn"])
def test_a_server_s_own_level_and_files_stay(django_db_setup: None, tmp_path: Path, command: tuple[str, ...]) -> None:
    is_gunicorn = command == GUNICORN
    written, empty = tmp_path / "errors.log", tmp_path / "access.log"
    files = ("--error-logfile", str(written), "--access-logfile", str(empty)) if is_gunicorn else ()
    with serve(tmp_path, *command, "--log-level", "debug", *files, WSGI if is_gunicorn else ASGI) as process:
        debug = [line for line in process.lines if line["level"] == "DEBUG"]
        assert {line["logger"] for line in debug} == ({"gunicorn.error"} if is_gunicorn else set())
    if is_gunicorn:
        assert "Booting worker with pid" in written.read_text()
        assert f"{empty} stays empty: the access lines are on stdout, made by django_instrumentation" in str(
            process.lines
        )
    quiet = tmp_path / "quiet"
    quiet.mkdir()
    with serve(quiet, *command, "--log-level", "warning", WSGI if is_gunicorn else ASGI) as process:
        told = [line for line in process.lines if line["logger"] == f"{command[0]}.error"]
        assert {line["level"] for line in told} <= {"WARNING", "ERROR"}


def test_gunicorn_s_log_file_stays_open_for_workers_that_may_not_open_it(tmp_path: Path) -> None:
    """The master opens it as root, perhaps; dictConfig closes all handlers in each worker."""
    code = f"""
import logging.config, shutil
from django_instrumentation.conf import Settings
from django_instrumentation.logging import logging_config

shutil.os.mkdir({str(tmp_path / "log")!r})
handler = logging.FileHandler({str(tmp_path / "log" / "error.log")!r})
handler._gunicorn = True
handler.stream = open({str(tmp_path / "opened.log")!r}, "a")
logging.getLogger("gunicorn.error").addHandler(handler)
shutil.rmtree({str(tmp_path / "log")!r})
for text in ("first", "second"):
    logging.config.dictConfig(logging_config(Settings(service="shop", log_format="json")))
    logging.getLogger("gunicorn.error").warning(text)
"""
    assert len(scripts.output("-c", code).splitlines()) == 2
    assert (tmp_path / "opened.log").read_text() == "first\nsecond\n"


def test_a_gunicorn_before_21_which_has_no_logconfig_json_starts() -> None:
    code = """
import logging
from gunicorn import config, glogging
from django_instrumentation.gunicorn import Logger

glogging.Logger.setup = lambda *_: None  # this one's own asks for it, too
older = config.Config()
del older.settings["logconfig_json"]
Logger(older)
logging.getLogger("gunicorn.error").warning("said")
"""
    assert '"message": "said"' in scripts.output("-c", code, LOG_FORMAT="json")


def test_a_server_s_lower_level_is_its_own(tmp_path: Path) -> None:
    """LOG_LEVEL is that of all other lines."""
    code = """
import logging.config
from django_instrumentation.conf import Settings
from django_instrumentation.logging import logging_config

logging.getLogger("gunicorn.error").setLevel(logging.DEBUG)
logging.config.dictConfig(logging_config(Settings(service="shop", log_format="json", log_level="WARNING")))
logging.getLogger("shop").setLevel(logging.DEBUG)
for name in ("gunicorn.error", "shop", "django"):
    logging.getLogger(name).info("said by %s", name)
    logging.getLogger(name).warning("warned by %s", name)
"""
    said = [json.loads(line)["message"] for line in scripts.output("-c", code).splitlines()]
    assert said == ["said by gunicorn.error", *(f"warned by {name}" for name in ("gunicorn.error", "shop", "django"))]


def test_gunicorn_s_statsd_gets_its_figures(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as statsd:
        statsd.bind(("127.0.0.1", 0))
        statsd.settimeout(20)
        address = f"127.0.0.1:{statsd.getsockname()[1]}"
        with serve(tmp_path, *GUNICORN, "--statsd-host", address, WSGI):
            while b"gunicorn.requests:1" not in statsd.recv(1000):
                pass
