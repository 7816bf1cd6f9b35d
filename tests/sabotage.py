"""`make sabotage`: breaks the stack on purpose, group by group, and sees that the end-to-end tests notice.

Everything happens in a copy of this checkout, but under the stack's own project name: the running stack and its data
are deleted. Takes about 25 minutes; not part of `make test`.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from pathlib import Path

from ops.console import say, step, table
from ops.paths import DECISION, ROOT
from tests.sabotage_model import Sabotage
from tests.sabotages import GROUPS
from tests.support.repository import copy_files

RED = ("failure", "error")


def _break(folder: Path, sabotage: Sabotage) -> None:
    path = folder / sabotage.file
    path.write_text(sabotage.broken(path.read_text(encoding="utf-8") if path.exists() else ""), encoding="utf-8")


def _run(folder: Path, *arguments: str) -> int:
    return subprocess.run([sys.executable, *arguments], cwd=folder, check=False, stdout=subprocess.DEVNULL).returncode


def _red_tests(folder: Path, group: list[Sabotage]) -> set[str]:
    """Those of the group's tests that fail on the stack as it is in `folder`."""
    report = folder / "report.xml"
    tests = [f"tests/e2e/{name}" for sabotage in group for name in sabotage.turns_red]
    _run(folder, "-m", "pytest", "-q", f"--junitxml={report}", *tests)
    return {
        f"{case.attrib['classname'].rsplit('.', 1)[1]}.py::{case.attrib['name']}"
        for case in ET.parse(report).iter("testcase")  # noqa: S314 - pytest wrote it
        if any(case.find(kind) is not None for kind in RED)
    }


def _try(name: str, group: list[Sabotage]) -> list[list[str]]:
    with tempfile.TemporaryDirectory(prefix="sabotage-") as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)
        copy_files(folder)
        if DECISION.is_file():  # where the images come from is no file of the repository
            (folder / DECISION.relative_to(ROOT)).parent.mkdir()
            shutil.copy2(DECISION, folder / DECISION.relative_to(ROOT))
        for sabotage in group:
            _break(folder, sabotage)
        with step(f"{name}: starting the broken stack"):
            _run(folder, "-m", "ops", "clean")
            started = _run(folder, "-m", "ops", "up") == 0
        red = {"make up"} if not started else set()
        if started:
            with step(f"{name}: asking the tests"):
                red = _red_tests(folder, group)
        _run(folder, "-m", "ops", "clean")
    return [
        [name, sabotage.what, test, "red" if test in red else "STAYED GREEN"]
        for sabotage in group
        for test in sabotage.turns_red
    ]


def main(wanted: list[str]) -> int:
    started = time.monotonic()
    rows = [row for name in wanted or GROUPS for row in _try(name, GROUPS[name])]
    say(f"\n{table(rows, ['group', 'what was broken', 'test', 'result'])}")
    say(f"\n{len(rows)} in {time.monotonic() - started:.0f} s. The stack is gone; `make up` starts it anew.")
    return 1 if any(row[-1] != "red" for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
