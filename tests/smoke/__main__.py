"""`make smoke`: start the stack if it isn't running, run about twenty checks, print a line for each.

JUNIT=PATH also writes JUnit XML. Outside the sandbox nothing is written to the ERP or to the tracker unless
SMOKE_WRITES=on. The exit status is 0 when no check failed.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from tests.support import stack

MARKS = {"passed": "ok  ", "failed": "FAIL", "skipped": "off "}


class Summary:
    """A line a check: its sentence, what was seen, its seconds."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(MARKS, 0)
        self.failures: list[tuple[str, str]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and report.passed:
            return
        if report.when == "teardown":
            sentence, seen = "everything that the checks made is removed again", ""
        else:
            properties = dict(report.user_properties)
            sentence, seen = str(properties.get("check", report.nodeid)), str(properties.get("seen", ""))
        if report.skipped and isinstance(report.longrepr, tuple):
            seen = report.longrepr[2].removeprefix("Skipped: ")
        self.counts[report.outcome] += 1
        print(f"{MARKS[report.outcome]} {sentence}{f': {seen}' if seen else ''} ({report.duration:.1f} s)", flush=True)
        if report.failed:
            self.failures.append((sentence, report.longreprtext))


def main() -> int:
    started = time.monotonic()
    stack.ensure_up()
    print(f"\nThe stack is up after {time.monotonic() - started:.0f} s.\n", flush=True)
    summary = Summary()
    # The project's options hold some of the reporter that the summary stands in for.
    options = ["-o", "addopts=--import-mode=importlib", "-p", "no:terminal", "-p", "no:cacheprovider"]
    options.append(str(Path(__file__).parent))
    if junit := os.environ.get("JUNIT"):
        options += [f"--junitxml={Path(junit).absolute()}", "-o", "junit_family=xunit1"]  # properties need it
    code = int(pytest.main(options, plugins=[summary]))
    for sentence, text in summary.failures:
        print(f"\n--- {sentence}\n{text}")
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        print(f"\nThe checks could not run: pytest ended with {code}, expected 0 or 1.")
    counts = summary.counts
    print(f"\n{time.monotonic() - started:.0f} s in all, the start included.")
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    return code


if __name__ == "__main__":
    sys.exit(main())
