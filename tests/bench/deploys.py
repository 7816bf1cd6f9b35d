"""`make bench BENCH=deploys`: 30 minutes of restarts and deploys of the sample, of which nobody may be told.

Each service is restarted and made anew, in turns, twice each: more often would be ContainerRestartLoop. Beside each
stands how many probes it failed. Needs the running sandbox.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from ops.console import say, step
from tests.bench.stack import record
from tests.support import stack
from tests.support.pages import CHANNELS, Pages
from tests.support.prometheus import Prometheus
from tests.support.wait import lasts

SERVICES = ("erp-web", "erp-worker", "erp-beat", "erp-db", "erp-redis")
ROUNDS = 2
PAUSE = 90.0
"""Seconds from one start to the next."""
TELLS_WITHIN = 120.0
"""Seconds after the last one in which its alert would still be told."""
KINDS: dict[str, Callable[[str], str]] = {
    "restart": lambda service: stack.compose("restart", service, timeout=180),
    "deploy": lambda service: stack.compose(
        "up", "--detach", "--no-deps", "--force-recreate", "--wait", service, timeout=180
    ),
}


@dataclass(frozen=True)
class Deploy:
    service: str
    kind: str
    took_seconds: float
    failed_probes: int
    """Of any kind; each is sent every 5 s."""


def main() -> int:
    stack.ensure_up()
    Prometheus().wait_until_it_judges()
    begun = time.time()
    deploys = [_one(service, kind) for _ in range(ROUNDS) for kind in KINDS for service in SERVICES]
    _idle("the last one's alerts", TELLS_WITHIN)
    told = {
        channel: [page.title for page in Pages().received(channel, since=begun) if page.alert != "Watchdog"]
        for channel in CHANNELS
    }
    for channel, titles in told.items():
        say(f"{channel}: {len(titles)} told{''.join(f'; {title}' for title in titles)}")
    record(
        "deploys", {"seconds": round(time.time() - begun), "deploys": [asdict(each) for each in deploys], "told": told}
    )
    return 1 if any(told.values()) else 0


def _one(service: str, kind: str) -> Deploy:
    began = time.monotonic()
    with step(f"{kind} of {service}"):
        KINDS[kind](service)
    took = time.monotonic() - began
    _idle("the next one", PAUSE - took)
    failing = f'sum(count_over_time((probe_success{{service="{service}"}} == 0)[{PAUSE:.0f}s:5s]))'
    return Deploy(service, kind, round(took, 1), int(Prometheus().value(failing)))


def _idle(what: str, seconds: float) -> None:
    if seconds > 0:
        lasts(seconds, f"waiting for {what}")


if __name__ == "__main__":
    sys.exit(main())
