"""`make test`: every phase in turn, each timed; one red phase doesn't hide the next.

Run inside the tests' virtual environment; phases can be named: `python -m tests.run static e2e`.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable

from ops.console import table
from ops.paths import LOGS, ROOT
from tests import app_container, image_targets
from tests.drills import runner

CONFIGURATION = ("prometheus/tests", "alertmanager/tests", "loki/tests", "promtail/tests", "grafana/tests")


def _python(*arguments: str) -> int:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, check=False).returncode


def _pytest(*paths: str) -> int:
    return _python("-m", "pytest", "-q", *paths)


class Drills:
    """Real faults of the stack wait for notifications most of their time: beside phases that don't ask the stack."""

    def __init__(self) -> None:
        self.log = LOGS / "drills.log"
        self.running: subprocess.Popen[bytes] | None = None

    def start(self) -> int:
        print(f"Beside the next phases; what they say goes to {self.log.relative_to(ROOT)} until they have ended.")
        LOGS.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pytest", "-q", "-s", "tests/drills"]
        with self.log.open("wb") as log:
            self.running = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
        return 0

    def mended(self) -> int:
        """Wait until the stack is whole again, or the drills are at their end."""
        while self.running is not None and self.running.poll() is None:
            if runner.ALL_MENDED in self.log.read_text(encoding="utf-8", errors="replace"):
                break
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.running.wait(timeout=1)
        return 0

    def finish(self) -> int:
        if self.running is None:
            return 0
        code = self.running.wait()
        self.running = None
        print(self.log.read_text(encoding="utf-8", errors="replace"), flush=True)
        return code


DRILLS = Drills()
PHASES: dict[str, Callable[[], int]] = {
    "lint": lambda: _python("-m", "tests.lint"),
    "static": lambda: _pytest("tests/static"),
    "stack": lambda: _python("-m", "ops", "up"),
    "takehome": lambda: _pytest("tests/takehome"),
    "drills": DRILLS.start,
    # Rules, routes, pipelines and boards on the very programs that the stack runs.
    "configuration": lambda: _pytest(*CONFIGURATION),
    "ops": lambda: _pytest("tests/ops"),
    "sandbox": lambda: _pytest("tests/sandbox"),
    "preview": image_targets.check_preview,
    "app": app_container.run,
    "next": lambda: app_container.run(target="next", tests="/tests/app/observability"),
    "drills-mended": DRILLS.mended,
    "e2e": lambda: _pytest("tests/e2e", "-m", "not alone"),
    "drills-end": DRILLS.finish,
    "alone": lambda: _pytest("tests/e2e", "-m", "alone"),
}


def main(wanted: list[str]) -> int:
    unknown = set(wanted) - set(PHASES)
    if unknown:
        print(f"No phase {', '.join(sorted(unknown))}: expected some of {', '.join(PHASES)}.", file=sys.stderr)
        return 2
    chosen = [
        name for name in PHASES if not wanted or name in wanted or (name.startswith("drills-") and "drills" in wanted)
    ]
    rows, red = [], []
    for name in chosen:
        print(f"\n=== {name}", flush=True)
        started = time.monotonic()
        code = PHASES[name]()
        rows.append([name, "passed" if code == 0 else "FAILED", f"{time.monotonic() - started:.0f} s"])
        if code != 0:
            red.append(name)
    print(f"\n{table(rows, ['phase', 'result', 'time'])}", flush=True)
    if red:
        print(f"\nRed: {', '.join(red)}. `make test PHASES={red[0]}` runs one alone.", flush=True)
    return 1 if red else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
