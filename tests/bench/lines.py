"""`make bench BENCH=lines`: how many log lines a second the way from a container to Loki takes, and what they cost.

On a Loki, a Promtail and a keeper of their own, one container writes numbered lines of 435 bytes. After each run Loki
has time to catch up; then every number is looked for. Processor time is that of each program, for a million lines.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ops.console import say, step
from tests.bench.growth import sizing
from tests.bench.stack import record
from tests.support import lines, stack
from tests.support.lines import Lines
from tests.support.wait import lasts

TICKS = os.sysconf("SC_CLK_TCK")
MILLION = 1_000_000
FOUND_WITHIN = 15
# Lines a second, for how many seconds.
RUNS = ((2500, 40), (5000, 600), (10000, 30))
CATCH_UP = 600


def processor_seconds(process: int) -> float:
    """Of a process and those that it has begun, ended ones included."""
    try:
        words = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except FileNotFoundError:  # ended
        return 0.0
    children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="utf-8").split()
    return sum(map(int, words[11:15])) / TICKS + sum(processor_seconds(int(each)) for each in children)


def programs(way: Lines) -> dict[str, int]:
    """The process of each part of the way, by its name."""
    found = {
        name: int(stack.run("docker", "inspect", "--format", "{{.State.Pid}}", way.container(name)))
        for name in lines.SERVICES
    }
    engine = subprocess.run(["pidof", "-s", "dockerd"], capture_output=True, text=True, check=False).stdout.strip()
    return found | ({"engine": int(engine)} if engine else {})


def run(way: Lines, container: str, rate: int, seconds: int) -> dict[str, Any]:
    processes = programs(way)
    name, since = f"at-{rate}", time.time()
    before = {part: processor_seconds(process) for part, process in processes.items()}
    written = lines.write(container, name, rate, seconds)
    took = time.time() - since
    way.wait_for(name, since, written, CATCH_UP)
    caught_up = time.time() - since - took
    cost = {part: processor_seconds(process) - before[part] for part, process in processes.items()}
    found = way.counted(name, since, written)
    return {
        "asked_for_per_second": rate,
        "written": written,
        "written_per_second": round(written / took),
        "lost": written - found.found,
        "doubled": found.twice,
        "caught_up_after_seconds": round(caught_up, 1),
        "processor_seconds_per_million": {part: round(each * MILLION / written, 1) for part, each in cost.items()},
    }


def main() -> int:
    results = []
    with lines.running() as way, lines.writer("writer") as container:
        lasts(FOUND_WITHIN, "the writer is found")
        for rate, seconds in RUNS:
            with step(f"{rate} lines a second for {seconds} s"):
                results.append(run(way, container, rate, seconds))
            say(f"    {results[-1]}")
    record("lines", {"line_bytes": lines.WIDTH, "runs": results})
    sizing.write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
