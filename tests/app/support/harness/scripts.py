"""Runs a piece of Python in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from harness.processes import with_support

SUPPORT = Path(__file__).parent.parent


def run(*arguments: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
    """`python ARGUMENTS` with the harness on its path; its output and its exit code are for the test to judge."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": with_support(str(SUPPORT)), **env},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


def output(*arguments: str, cwd: Path | None = None, **env: str) -> str:
    """What it prints, once it has ended well and without a word on stderr."""
    done = run(*arguments, cwd=cwd, **env)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout
