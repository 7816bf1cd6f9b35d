"""`python3 -m logkeeper`: accounts for every line that containers write, and keeps Loki below its size."""

from __future__ import annotations

import os
import time
from pathlib import Path

from logkeeper import rounds
from logkeeper.account import Account
from logkeeper.engine import Engine
from logkeeper.hosts import Hosts
from logkeeper.loki import Loki
from logkeeper.pages import State
from logkeeper.size import Store, bytes_of
from logkeeper.watch import Watch


def main() -> None:
    engine = Engine(os.environ["DOCKER_API"], os.environ["PROJECT"])
    loki = Loki(os.environ["LOKI"])
    # Empty: Loki has its chunks elsewhere.
    folder, cap = os.environ["STORE"], bytes_of(os.environ["LOGS_RETENTION_SIZE"])
    store = Store(Path(folder), cap, loki.delete) if folder else None
    account, hosts = Account(loki.counts), Hosts(loki)
    watch = Watch(engine, account.add, time.time_ns())
    state = State(
        engine, loki, watch, account, hosts, store, bytes_of(os.environ["TRACES_RETENTION_SIZE"]), time.time()
    )

    def step() -> None:
        now = time.time_ns()
        if watch.step(now):
            account.look(now)
            for problem in hosts.look(now):
                rounds.say("WARNING", problem)
        if store:
            store.step(time.time())

    rounds.run(state, step)


if __name__ == "__main__":
    rounds.say("INFO", "Every line that a container writes is accounted for.")
    main()
