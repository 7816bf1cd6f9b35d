"""Before containers are removed: their last lines into Loki, because Docker's files go with a container."""

import math
import time
from datetime import UTC, datetime

from ops.console import say
from ops.stack import Stack
from ops.wait import attempts

WAY = ("socket-proxy", "loki", "promtail", "logkeeper")
"""The services that a line passes on its way, and the one that compares."""
SCALED = ("loki-2", "loki-3", "storage")
"""Those of SCALE=on: one Loki of three takes no line alone."""
LOOK_BACK = "2m"
WITHIN_SECONDS = 20.0


def hand_over(stack: Stack) -> None:
    """Stop all services but those on the way of lines, and wait until Loki has what they wrote."""
    running = stack.running()
    if not running.issuperset(WAY):
        return
    stack.compose("stop", *sorted(running.difference(WAY, SCALED)), timeout=300)
    end = datetime.fromtimestamp(math.ceil(time.time()), UTC).isoformat()
    compare = ("exec", "--no-TTY", "logkeeper", "python3", "-B", "-m", "logkeeper.compare", LOOK_BACK, end)
    said = ""
    for _ in attempts(WITHIN_SECONDS, 1):
        done = stack.attempt(*compare)
        said = done.stdout + done.stderr
        if done.returncode in (0, 1) and "missing:" not in said:
            return
    say(f"    Loki hasn't taken every line of the last {LOOK_BACK} after {WITHIN_SECONDS:.0f} s:\n{said}")
