"""`make bench BENCH=rules`: how long planting every fault into the rules and their quiet days take, all cores at work.

Both beside one run of the rules' own cases, so that figures of two machines can be compared.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from ops.console import say, table
from ops.paths import ROOT
from prometheus.tests import healthy, laboratory, mutation, quiet
from tests.bench.stack import machine_description

RESULTS = ROOT / "tests" / "bench" / "results" / "rules.json"
MUTATION_GOAL = 600
"""Seconds."""


def main() -> int:
    taken = {
        "cases": seconds(cases),
        "quiet days": seconds(quiet_days),
        "mutation": seconds(lambda: laboratory.judge_all(mutation.promtool())),
    }
    times = {name: round(each / taken["cases"], 1) for name, each in taken.items()}
    figures = {
        "machine": machine_description(),
        "seconds": taken,
        "times_the_cases": times,
        "mutation_goal_seconds": MUTATION_GOAL,
    }
    RESULTS.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    rows = [[name, str(each), str(times[name])] for name, each in taken.items()]
    say(f"\n{table(rows, ['', 'seconds', 'times the cases'])}")
    if taken["mutation"] > MUTATION_GOAL:
        say(f"The mutation took {taken['mutation']} s; expected at most {MUTATION_GOAL}.")
        return 1
    return 0


def seconds(work: Callable[[], object]) -> float:
    begun = time.monotonic()
    work()
    return round(time.monotonic() - begun, 1)


def cases() -> None:
    tests = sorted((laboratory.RULES / "tests").glob("*_test.yml"))
    subprocess.run([mutation.promtool(), "test", "rules", *map(str, tests)], check=True, stdout=subprocess.DEVNULL)


def quiet_days() -> None:
    with tempfile.TemporaryDirectory() as folder:
        red = {each.name: done for each, done in quiet.run_all(Path(folder), healthy.load()).items() if done.returncode}
    if red:
        raise AssertionError(f"Expected quiet days to fire nothing; red: {', '.join(red)}.")


if __name__ == "__main__":
    raise SystemExit(main())
