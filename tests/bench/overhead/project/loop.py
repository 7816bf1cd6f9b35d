"""Calls the application in a loop, without any server: each line `PATH NUMBER` on stdin is answered by one of JSON."""

import json
import os
import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from time import perf_counter, process_time
from typing import Any
from wsgiref.util import setup_testing_defaults

SLOWEST = 0.01
"""The share of requests that is left out of the mean. More would leave out the sampled ones of a traced variant."""


def environ(path: str) -> dict[str, Any]:
    """A small GET, about as gunicorn hands it over."""
    given = {"PATH_INFO": path, "QUERY_STRING": "", "REMOTE_ADDR": "127.0.0.1", "HTTP_USER_AGENT": "benchmark"}
    setup_testing_defaults(given)
    return given


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
