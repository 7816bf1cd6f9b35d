"""`make smoke`: start the stack if nothing of it runs, run about twenty checks, print a line for each.

JUNIT=PATH also writes JUnit XML. Outside the sandbox nothing is written to the ERP or to the tracker unless
SMOKE_WRITES=on. The exit status is 0 when no check failed.
"""

import os
import sys
import time
from pathlib import Path

import pytest

from ops.console import OpsError
from ops.lock import alone
from tests.support import stack
from tests.support.wait import NotSeenError


class Summary:
    """A line a check: its sentence, what was seen, its seconds."""

    def __init__(self) -> None:
        self.counts = {"passed": 0, "failed": 0}
        self.off = 0
        self.failures: list[tuple[str, str]] = []

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        for item in items:
            told = dict(item.user_properties)
            self.off += 1
            print(f"off  {told['check']}: {told['off']}", flush=True)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and report.passed:
            return
        told = dict(report.user_properties)
        sentence = "What the checks made is removed again" if report.when == "teardown" else str(told["check"])
        seen = f": {told['seen']}" if "seen" in told else ""
        self.counts[report.outcome] += 1
        word = "ok  " if report.passed else "FAIL"
        print(f"{word} {sentence}{seen} ({report.duration:.1f} s)", flush=True)
        if report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)  # JUnit has the whole traceback
            self.failures.append((sentence, crash.message if crash else report.longreprtext))


def main() -> int:
    # The requests of a second run would be counted with those of the first.
    with alone("smoke"):
        return _main()


def _main() -> int:
    started = time.monotonic()
    try:
        check_junit()
        stack.ensure_up()
        stack.secret("metrics_token")
    except (OpsError, NotSeenError) as error:
        print(f"\nNo check ran: {error}", file=sys.stderr)
        return 1
    print(f"\nThe stack is up after {time.monotonic() - started:.0f} s.\n", flush=True)
    return run(Path(__file__).parent, started)


def check_junit() -> None:
    """Whether JUNIT= names a file that can be written; pytest would find out when all is done."""
    path = Path(os.environ.get("JUNIT") or os.devnull).absolute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("a").close()
    except OSError as error:
        raise OpsError(f"JUNIT={path} can't be written ({error.strerror}); expected the path of a file.") from None


def run(checks: Path, started: float) -> int:
    """Run the checks of a folder and print their summary; `started` is the monotonic second that it counts from."""
    summary = Summary()
    # The project's options hold some of the reporter that the summary stands in for.
    options = ["-o", "addopts=--import-mode=importlib", "-p", "no:terminal", "-p", "no:cacheprovider"]
    options.append(str(checks))
    if junit := os.environ.get("JUNIT"):
        options += [f"--junitxml={Path(junit).absolute()}", "-o", "junit_family=xunit1"]  # properties need it
    code = int(pytest.main(options, plugins=[summary]))
    for sentence, text in summary.failures:
        print(f"\n--- {sentence}\n{text}")
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        print(f"\nThe checks could not run: pytest ended with {code}, expected 0 or 1.")
    counts = summary.counts
    print(f"\n{time.monotonic() - started:.0f} s in all, the start included.")
    print(f"{summary.off} checks were off." if summary.off else "Every check ran.")
    print(f"{counts['passed']} passed, {counts['failed']} failed")
    return code


if __name__ == "__main__":
    sys.exit(main())
