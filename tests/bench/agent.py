"""`make bench BENCH=agent`: how soon a line of another host answers a query, what agent and gateway take and cost.

An agent on networks of its own, whose one way out is the gateway's port, and a central side of its own. Keeps all data.
"""

import json
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from uuid import uuid4

import requests

from ops.console import say, step
from tests.bench.growth import sizing
from tests.bench.stack import record, settled_memory
from tests.support import other_host, stack
from tests.support.other_host import APPLICATION, CENTRAL, PROJECT, Central, OtherHost
from tests.support.wait import eventually

LINES = 100
ROUNDS, BLOCK = 20, 20
"""Together fewer requests than the guard lets one user ask at once."""
PAGE = "/api/v1/query?query=up"
USER = "viewer"


def main() -> int:
    beside = stack.is_running()
    with tempfile.TemporaryDirectory(prefix="other-host-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the programs in the containers are other users
        with step("Starting another host and its central side"), other_host.running(folder) as host:
            figures = {"the_stack_ran_beside": beside, **measured(host, folder)}
    say(json.dumps(figures, indent=1))
    record("agent", figures)
    sizing.write()
    return 0


def measured(host: OtherHost, folder: Path) -> dict[str, Any]:
    with step(f"{LINES} lines, one after the other"):
        lines = [line_seconds(host) for _ in range(LINES + 1)][1:]  # the first one finds nothing running
    with step(f"{2 * ROUNDS * BLOCK} requests, directly and through the gateway"):
        page = page_ms(host.central, folder)
    with step("Memory while nobody asks the application"):
        memory = settled_memory(containers())
    return {
        "make_agent_seconds": round(host.agent_seconds, 1),
        "line_seconds": {"lines": len(lines), **spread(lines)},
        "page_ms": {"requests_each": ROUNDS * BLOCK, **page},
        "memory_mib": {**memory, "agent": round(sum(size for of, size in memory.items() if of.startswith("agent")))},
    }


def line_seconds(host: OtherHost) -> float:
    """From the application's own time in the line, which has milliseconds, until Loki answers a query with it."""
    marker = uuid4().hex

    def written() -> float:
        found = host.central.loki.entries(f'{{application="{APPLICATION}"}} |= "shown {marker}-"', seconds=60)
        return datetime.fromisoformat(str(found[0].fields["timestamp"])).timestamp()

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(host.application.ask, marker, 1)
        since = eventually(written, "the line", 30, interval=0.02)
        seconds = time.time() - since
        asked.result()
    return seconds


def page_ms(central: Central, folder: Path) -> dict[str, Any]:
    """The same page of Prometheus by two connections that stay open, in blocks that take turns."""
    direct, through = requests.Session(), requests.Session()
    through.verify = str(folder / "root.crt")
    through.trust_env = False  # a variable of this machine's certificates would win
    through.auth = (USER, (folder / USER).read_text(encoding="utf-8").strip())
    ways = {
        "direct": partial(milliseconds, direct, f"{central.prometheus.base}{PAGE}"),
        "through the gateway": partial(
            milliseconds, through, f"https://localhost:{central.settings['GATEWAY_PORT']}/prometheus{PAGE}"
        ),
    }
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for ask in ways.values():  # connections are made, and the password is checked once
        ask()
    for number in range(ROUNDS):
        for name in sorted(ways, reverse=bool(number % 2)):
            taken[name] += [ways[name]() for _ in range(BLOCK)]
    found = {name: spread(each) for name, each in taken.items()}
    cost = {part: round(found["through the gateway"][part] - found["direct"][part], 2) for part in ("p50", "p95")}
    return {**found, "cost": cost}


def milliseconds(session: requests.Session, url: str) -> float:
    began = time.perf_counter()
    answer = session.get(url, timeout=30)
    taken = 1000 * (time.perf_counter() - began)
    answer.raise_for_status()
    return taken


def containers() -> dict[str, str]:
    """Ids by name, of the agent and of the gateway."""
    found = {}
    for side, project in (("agent", f"{PROJECT}-agent"), ("central", CENTRAL)):
        selected = f"label=com.docker.compose.project={project}"
        printed = stack.run("docker", "ps", "--no-trunc", "--filter", selected, "--format", "{{.ID}} {{.Names}}")
        for line in printed.splitlines():
            identifier, name = line.split()
            found[f"{side}: {name.removeprefix(f'{project}-').removesuffix('-1')}"] = identifier
    return {name: each for name, each in found.items() if name.startswith(("agent", "central: gateway"))}


def spread(values: list[float]) -> dict[str, float]:
    return {
        "p50": round(median(values), 2),
        "p95": round(quantiles(values, n=20)[-1], 2),
        "max": round(max(values), 2),
    }


if __name__ == "__main__":
    sys.exit(main())
