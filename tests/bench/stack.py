"""`make bench`: how long the stack takes to start, and what each service takes in memory, idle and under traffic.

Both halves of each comparison are taken in this one run. Deletes the sandbox's data: a first start is one of them. With
SCALE=on it measures that stack.
"""

import json
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from ops import image_source, machine
from ops.console import say, step
from ops.paths import ROOT
from ops.settings import load as load_settings
from tests.support import stack
from tests.support.wait import stays

RESULTS = ROOT / "tests" / "bench" / "results"
SETTLE_SECONDS = 60
UNITS = {"B": 1 / 1024**2, "KiB": 1 / 1024, "MiB": 1.0, "GiB": 1024.0}


def machine_description() -> dict[str, Any]:
    model = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    return {
        "taken": datetime.now(UTC).date().isoformat(),
        "processor": model.group(1) if model else platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(machine.memory_bytes() / 1024**3, 1),
        "kernel": platform.release(),
        "engine": stack.run("docker", "version", "--format", "{{.Server.Version}}").strip(),
        "images": image_source.remembered(load_settings()),
    }


def record(name: str, figures: dict[str, Any]) -> None:
    """Keep what was measured, and on which machine."""
    file = RESULTS / f"{name}.json"
    file.write_text(json.dumps({"machine": machine_description(), **figures}, indent=1) + "\n", encoding="utf-8")
    say(f"All figures are in {file.relative_to(ROOT)}.")


def recorded(name: str) -> dict[str, Any]:
    """What was kept last; nothing where nothing was."""
    file = RESULTS / f"{name}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def timed(*arguments: str) -> float:
    """Seconds that `python -m ops ARGUMENTS` takes; a failure ends the run."""
    started = time.monotonic()
    subprocess.run([sys.executable, "-m", "ops", *arguments], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return round(time.monotonic() - started, 1)


def of_the_stack() -> dict[str, str]:
    """The ids of its running containers by service, from the second replica on with their number."""
    return {
        f"{name}-{number}" if number > 1 else name: each["Id"]
        for name, found in stack.replicas().items()
        for number, each in enumerate(found, 1)
        if each["State"]["Running"]
    }


def memory(containers: Mapping[str, str]) -> dict[str, float]:
    """MiB in use by each of these containers, ids by name, as the engine counts it."""
    names = {identifier: name for name, identifier in containers.items()}
    printed = stack.run("docker", "stats", "--no-stream", "--no-trunc", "--format", "{{.ID}} {{.MemUsage}}", *names)
    found = {}
    for line in printed.splitlines():
        identifier, used = line.split()[:2]
        number, unit = re.fullmatch(r"([\d.]+)(\w+)", used).groups()  # type: ignore[union-attr]
        found[names[identifier]] = float(number) * UNITS[unit]
    return found


def settled_memory(containers: Mapping[str, str]) -> dict[str, float]:
    """The median of what each of these containers takes during SETTLE_SECONDS, in MiB."""
    seen: list[dict[str, float]] = []

    def look() -> int:
        seen.append(memory(containers))
        return len(seen)

    stays(look, "memory is measured", SETTLE_SECONDS, interval=4)
    return {name: round(median(each.get(name, 0.0) for each in seen), 1) for name in sorted(seen[-1])}


def main() -> int:
    with step("Starting with images and empty volumes, then again with nothing to do"):
        timed("clean")
        start = {"empty_volumes": timed("up"), "nothing_to_do": timed("up")}
    with step("Memory under the sandbox's traffic"):
        traffic = settled_memory(of_the_stack())
    with stack.paused("traffic"), step("Memory idle"):
        idle = settled_memory(of_the_stack())
    memory_mib = {name: {"idle": idle[name], "traffic": traffic[name]} for name in idle}
    memory_mib["all services"] = {"idle": round(sum(idle.values())), "traffic": round(sum(traffic.values()))}
    record("scaled" if stack.setting("SCALE") == "on" else "stack", {"start_seconds": start, "memory_mib": memory_mib})
    return 0


if __name__ == "__main__":
    sys.exit(main())
