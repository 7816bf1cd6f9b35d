"""Calls the application in a loop, without any server: each line `PATH NUMBER` on stdin is answered by one of JSON."""

import json
import os
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from io import BytesIO
from time import perf_counter, process_time
from typing import Any

SLOWEST = 0.01
"""The share of requests that is left out of the mean. More would leave out the sampled ones of a traced variant."""


def environ(path: str) -> dict[str, Any]:
    """What gunicorn hands over for a small GET."""
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "RAW_URI": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_PORT": "50000",
        "HTTP_HOST": "127.0.0.1:8000",
        "HTTP_USER_AGENT": "benchmark",
        "HTTP_ACCEPT": "*/*",
        "HTTP_ACCEPT_ENCODING": "identity",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def call(application: Callable[..., Any], path: str) -> float:
    """Seconds from the request to the end of its answer."""
    seen: list[str] = []
    given = environ(path)

    def start_response(status: str, headers: Iterable[Any], exc_info: object = None) -> None:
        seen.append(status)

    started = perf_counter()
    response = application(given, start_response)
    for _ in response:
        pass
    response.close()
    seconds = perf_counter() - started
    if seen != ["200 OK"]:
        raise RuntimeError(f"{path} answered {seen}, expected 200 OK.")
    return seconds


def measure(application: Callable[..., Any], path: str, number: int) -> dict[str, float]:
    busy = process_time()
    seconds = sorted(call(application, path) for _ in range(number))
    busy = process_time() - busy
    kept = seconds[: number - int(number * SLOWEST)]
    return {"wall_ms": 1000 * sum(kept) / len(kept), "cpu_ms": 1000 * busy / number}


def main() -> None:
    # The application's lines go to a file of their own, so stdout for us is a copy of what it was.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.environ["LINES"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), 1)
    application = import_module(os.environ["WSGI"]).application
    for line in sys.stdin:
        path, number = line.split()
        answers.write(json.dumps(measure(application, path, int(number))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
