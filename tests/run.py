"""`make test`: every phase, those that wait beside those that work; one red phase doesn't hide the next.

Run inside the tests' virtual environment. Phases can be named: `python -m tests.run static e2e`; `--all` adds what
`make test` leaves out.
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from subprocess import STDOUT

from ops.console import table
from ops.paths import LOGS, ROOT
from tests.support.load import Load

_PARTS = ("prometheus", "alertmanager", "loki", "promtail", "logkeeper", "grafana", "gateway", "deploy/kubernetes")
CONFIGURATION = tuple(f"{part}/tests" for part in _PARTS)
CRITICAL = "tests/smoke/test_smoke.py::test_critical_alerts"
WELL = ("tests/smoke", "tests/e2e", "-m", "not alone", f"--deselect={CRITICAL}")
_ALONE_IN_E2E = ("notification", "own_receivers", "reload", "targets", "dev", "tracker_outside")
ALONE = ("tests/drills", *(f"tests/e2e/test_{name}.py" for name in _ALONE_IN_E2E))
OFFICIAL = ("tests/apart/test_podman.py", "tests/apart/test_official.py")
FILES, STACK, DELIVERY, HEARTBEAT, APP, FAULTS = "files", "stack", "delivery", "heartbeat", "app", "faults"


@dataclass(frozen=True)
class Phase:
    """A program. Phases of one lane run one after the other, in the order of PHASES; lanes run side by side.

    It starts when those of `after` and `needs` have ended, and not at all when one of `needs` has failed.
    """

    name: str
    lane: str
    command: tuple[str, ...]
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    in_test: bool = True


def _pytest(*arguments: str) -> tuple[str, ...]:
    return ("-m", "pytest", "-q", *arguments)


PHASES = (
    Phase("stack", STACK, ("-m", "ops", "up")),
    # On a Prometheus, an Alertmanager and an inbox of its own.
    Phase("heartbeat", HEARTBEAT, _pytest("tests/apart/test_without_prometheus.py"), needs=("stack",)),
    Phase("gateway", HEARTBEAT, _pytest("tests/apart/test_gateway.py"), needs=("stack",)),
    Phase(
        "traces",
        HEARTBEAT,
        _pytest("tests/apart/test_trace_store.py", "tests/apart/test_traced_sample.py"),
        needs=("stack",),
        in_test=False,
    ),
    Phase(
        "lines",
        HEARTBEAT,
        _pytest("tests/apart/test_log_account.py", "tests/apart/test_log_outages.py", "loki/tests/test_deletion.py"),
        needs=("stack",),
        in_test=False,
    ),
    Phase("elsewhere", HEARTBEAT, _pytest("tests/apart/test_elsewhere.py"), needs=("stack",)),
    # A night of a minute, in which it waits.
    Phase("hours", HEARTBEAT, _pytest("tests/apart/test_business_hours.py"), needs=("stack",)),
    Phase(
        "certificates",
        HEARTBEAT,
        _pytest("tests/apart/test_gateway_certificates.py"),
        needs=("stack",),
        in_test=False,
    ),
    Phase("agent", HEARTBEAT, _pytest("tests/apart/test_agent.py"), needs=("stack",), after=("e2e",), in_test=False),
    # With the processor to itself, for browsers draw. Not CRITICAL: the alert of an earlier run's fault may still fire,
    # which tests/e2e/test_quiet.py tells from one that must not.
    Phase("e2e", STACK, _pytest(*WELL), needs=("stack",)),
    # Real faults wait for notifications most of their time: beside phases that don't ask the stack.
    Phase("delivery", DELIVERY, _pytest("tests/e2e/test_alert_delivery.py"), needs=("stack",), after=("e2e",)),
    Phase("drills", STACK, _pytest("-s", "tests/drills", "-m", "not alone"), needs=("stack",)),
    # A foreign Compose project comes and goes, which the checks of a quiet stack would see, and exact counts outlive no
    # restart of Prometheus.
    Phase(
        "application",
        HEARTBEAT,
        _pytest("tests/e2e/test_own_application.py"),
        needs=("stack",),
        after=("drills", "delivery"),
    ),
    # On a stack of its own, in a lane of its own: that of the heartbeat is full.
    Phase(
        "faults",
        FAULTS,
        _pytest("-s", "tests/faults", "-m", "not thorough"),
        needs=("stack",),
        after=("e2e",),
        in_test=False,
    ),
    Phase(
        "wagtail",
        DELIVERY,
        _pytest("tests/e2e/test_wagtail.py"),
        needs=("stack",),
        after=("drills",),
        in_test=False,
    ),
    Phase(
        "node",
        DELIVERY,
        _pytest("tests/e2e/test_any_node.py", "tests/e2e/test_new_project.py"),
        needs=("stack",),
        after=("drills",),
        in_test=False,
    ),
    Phase("ops", DELIVERY, _pytest("tests/ops", "-m", "not thorough"), needs=("stack",)),
    Phase("ops-all", DELIVERY, _pytest("tests/ops", "-m", "thorough"), needs=("stack",), in_test=False),
    # First in their lane what reads the rules: `alone` plants bad ones. Not before e2e, which the whole waits for and
    # which needs the processor.
    Phase("static", FILES, _pytest("tests/static"), after=("e2e",)),
    Phase("configuration", FILES, _pytest(*CONFIGURATION, "-m", "not thorough"), needs=("stack",)),
    Phase("takehome", FILES, _pytest("tests/takehome", "-m", "not thorough"), after=("e2e",)),
    Phase("sandbox", FILES, _pytest("tests/sandbox"), needs=("stack",)),
    Phase("preview", FILES, ("-m", "tests.image_targets"), needs=("stack",)),
    Phase("lint", FILES, ("-m", "tests.lint")),
    # On a PostgreSQL and a Valkey of their own, whose Compose project has one name: one after the other.
    Phase("app", APP, ("-m", "tests.app_container", "test"), needs=("stack",), after=("e2e",)),
    Phase("next", APP, ("-m", "tests.app_container", "next"), needs=("stack",), in_test=False),
    Phase("rabbitmq", APP, _pytest("tests/apart/test_rabbitmq.py"), needs=("stack",), in_test=False),
    # What would hold back the alert of another fault, or lose its page.
    Phase(
        "alone",
        STACK,
        _pytest("-s", *ALONE, "-m", "alone"),
        needs=("stack",),
        after=("delivery", "wagtail", "node"),
    ),
    # Its six networks beside those of the other tests' projects are nearly all that Docker's default pools hold.
    Phase(
        "second",
        STACK,
        _pytest("tests/apart/test_second_stack.py"),
        needs=("stack",),
        after=("application", "heartbeat", "app", "agent"),
        in_test=False,
    ),
    # With the engine's registry mirror, and a stack beside the first one.
    Phase("official", STACK, _pytest(*OFFICIAL), needs=("stack",), after=("app", "agent"), in_test=False),
    # About forty containers of its own.
    Phase(
        "scale",
        STACK,
        _pytest("tests/apart/test_scale.py", "tests/apart/test_scale_out.py"),
        needs=("stack",),
        after=("second", "official"),
        in_test=False,
    ),
    # A node with thirty containers, which takes Kubernetes' own builds of half an hour where they aren't there yet.
    Phase(
        "kubernetes",
        STACK,
        _pytest("tests/apart/test_kubernetes_node.py"),
        needs=("stack",),
        after=("scale",),
        in_test=False,
    ),
    # A third stack with its networks, once the second one is gone.
    Phase(
        "backup",
        STACK,
        _pytest("tests/apart/test_backup.py", "tests/apart/test_backup_bucket.py"),
        needs=("stack",),
        after=("scale",),
        in_test=False,
    ),
    # A stack of its own again; it is busy all the time with small steps.
    Phase(
        "rotate",
        STACK,
        _pytest("tests/apart/test_rotate.py"),
        needs=("stack",),
        after=("backup",),
        in_test=False,
    ),
    Phase(
        "faults-all",
        STACK,
        _pytest("-s", "tests/faults", "-m", "thorough"),
        needs=("stack",),
        after=("rotate", "faults"),
        in_test=False,
    ),
    Phase("upgrade", STACK, _pytest("tests/apart/test_upgrade.py"), needs=("stack",), after=("rotate",), in_test=False),
    Phase("mutation", FILES, ("-m", "prometheus.tests.mutation", "--all"), needs=("stack",), in_test=False),
    Phase("quiet-days", FILES, ("-m", "prometheus.tests.quiet", "--all"), needs=("stack",), in_test=False),
    Phase("takehome-all", FILES, _pytest("tests/takehome", "-m", "thorough"), needs=("stack",), in_test=False),
    # The other columns of what `next` runs.
    Phase("matrix", APP, ("-m", "tests.app_container", "matrix"), needs=("stack",), in_test=False),
    Phase("drills-all", STACK, ("-m", "tests.drills", "all"), needs=("stack",), in_test=False),
    Phase("planted", STACK, ("-m", "tests.planted"), after=("mutation", "quiet-days"), in_test=False),
)


@dataclass(frozen=True)
class Ended:
    phase: Phase
    passed: bool
    began: float
    seconds: float


def _before_in_lane(phase: Phase) -> set[str]:
    return {each.name for each in PHASES[: PHASES.index(phase)] if each.lane == phase.lane}


class Runner:
    def __init__(self, chosen: Sequence[Phase]) -> None:
        self.begun = time.monotonic()
        self.waiting = list(chosen)
        self.names = {phase.name for phase in chosen}
        self.ended: dict[str, Ended] = {}
        self.left_out: dict[str, str] = {}

    def run(self) -> None:
        with ThreadPoolExecutor(len(self.names)) as pool:
            running: set[Future[Ended]] = set()
            while self.waiting or running:
                for phase in [each for each in self.waiting if self._is_due(each)]:
                    self.waiting.remove(phase)
                    if failed := self._failed(phase):
                        self.left_out[phase.name] = f"NOT RUN: {failed} failed"
                    else:
                        running.add(pool.submit(self._run, phase))
                done, running = wait(running, return_when=FIRST_COMPLETED)
                self.ended |= {each.result().phase.name: each.result() for each in done}

    def _is_due(self, phase: Phase) -> bool:
        """Whether nothing that it has to wait for is still to come."""
        before = (_before_in_lane(phase) & self.names) | self._awaited({*phase.after, *phase.needs})
        return not before - set(self.ended) - set(self.left_out)

    def _awaited(self, names: set[str]) -> set[str]:
        """The phases to wait for. One that doesn't run is replaced by the phases that it would have waited for."""
        found = names & self.names
        for phase in PHASES:
            if phase.name in names - self.names:
                found |= self._awaited(_before_in_lane(phase) | {*phase.after, *phase.needs})
        return found

    def _failed(self, phase: Phase) -> str:
        failed = {name for name, ended in self.ended.items() if not ended.passed} | set(self.left_out)
        return ", ".join(name for name in phase.needs if name in failed)

    def _run(self, phase: Phase) -> Ended:
        began = time.monotonic()
        command = [sys.executable, *phase.command]
        if len(self.names) == 1:  # it has the terminal
            code = subprocess.run(command, cwd=ROOT, check=False).returncode
        else:
            log = LOGS / f"test-{phase.name}.log"
            print(f"=== {phase.name} has begun; until it ends, {log.relative_to(ROOT)} has what it says", flush=True)
            LOGS.mkdir(parents=True, exist_ok=True)
            with log.open("wb") as output:
                code = subprocess.run(command, cwd=ROOT, stdout=output, stderr=STDOUT, check=False).returncode
            said = log.read_text(encoding="utf-8", errors="replace")
            print(f"\n=== {phase.name} has ended:\n{said}", flush=True)
        return Ended(phase, code == 0, began - self.begun, time.monotonic() - began)

    def rows(self) -> list[list[str]]:
        return [self._row(phase) for phase in PHASES]

    def _row(self, phase: Phase) -> list[str]:
        ended = self.ended.get(phase.name)
        if ended is None:
            return [phase.name, self.left_out.get(phase.name, "not run: not asked for"), "", ""]
        return [phase.name, "passed" if ended.passed else "FAILED", f"{ended.began:.0f} s", f"{ended.seconds:.0f} s"]


def main(wanted: list[str]) -> int:
    every = wanted == ["--all"]
    names = [phase.name for phase in PHASES]
    if unknown := set(wanted) - {*names, "--all"}:
        print(f"No phase {', '.join(sorted(unknown))}: expected some of {', '.join(names)}.", file=sys.stderr)
        return 2
    load = Load()
    runner = Runner([each for each in PHASES if each.name in wanted or every or (not wanted and each.in_test)])
    runner.run()
    print(f"\n{table(runner.rows(), ['phase', 'result', 'began', 'took'])}")
    print(f"\nAll took {time.monotonic() - runner.begun:.0f} s. {load.sentence}", flush=True)
    red = [name for name, ended in runner.ended.items() if not ended.passed] + list(runner.left_out)
    if red:
        print(f"\nRed: {', '.join(red)}. `make test PHASES={red[0]}` runs one alone.", flush=True)
    return 1 if red else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
