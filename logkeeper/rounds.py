"""What a keeper does without end: a round every few seconds, answers to who asks, and a line for what it waits for."""

from __future__ import annotations

import http.server
import json
import signal
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from http.client import HTTPException
from typing import Any

from logkeeper.loki import LokiError
from logkeeper.pages import PORT, Keeper, handler

ROUND_SECONDS = 5.0


def run(keeper: Keeper, step: Callable[[], object]) -> None:
    """`step` may raise what Docker's API and Loki raise: it is repeated then. It ends on SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # the first process of a container has no such default
    server = http.server.ThreadingHTTPServer(("", PORT), handler(keeper))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    said = ""
    while True:
        try:
            step()
            keeper.last_round = time.time()
            said = ""
        except (LokiError, HTTPException, OSError, ValueError) as error:
            if str(error) != said:
                said = str(error)
                say("WARNING", f"The account of log lines waits: {said}")
        time.sleep(ROUND_SECONDS)


def say(level: str, message: str, **more: Any) -> None:
    line = {"timestamp": datetime.now(UTC).isoformat(), "level": level, "logger": "logkeeper", "message": message}
    sys.stdout.write(json.dumps({**line, **more}) + "\n")
    sys.stdout.flush()
