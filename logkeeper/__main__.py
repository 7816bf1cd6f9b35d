"""`python3 -m logkeeper`: accounts for every line that containers write, and keeps Loki below its size."""

from __future__ import annotations

import http.server
import json
import os
import sys
import threading
import time
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path

from logkeeper.account import Account
from logkeeper.engine import Engine
from logkeeper.loki import Loki, LokiError
from logkeeper.pages import PORT, State, handler
from logkeeper.size import Store, bytes_of
from logkeeper.watch import Watch

ROUND_SECONDS = 5.0


def main() -> None:
    engine = Engine(os.environ["DOCKER_API"], os.environ["PROJECT"])
    loki = Loki(os.environ["LOKI"])
    store = Store(Path(os.environ["STORE"]), bytes_of(os.environ["LOGS_RETENTION_SIZE"]), loki.delete)
    watch = Watch(engine, Account(loki.counts), time.time_ns())
    state = State(engine, loki, watch, store, bytes_of(os.environ["TRACES_RETENTION_SIZE"]), time.time())
    server = http.server.ThreadingHTTPServer(("", PORT), handler(state))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    said = ""
    while True:
        try:
            watch.step(time.time_ns())
            store.step(time.time())
            state.last_round = time.time()
            said = ""
        except (LokiError, HTTPException, OSError, ValueError) as error:
            if str(error) != said:
                said = str(error)
                say("WARNING", f"The account of log lines waits: {said}")
        time.sleep(ROUND_SECONDS)


def say(level: str, message: str) -> None:
    line = {"timestamp": datetime.now(UTC).isoformat(), "level": level, "logger": "logkeeper", "message": message}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    say("INFO", "Every line that a container writes is accounted for.")
    main()
