"""What `make smoke` prints and answers, on checks that need no stack; the real ones run in tests/e2e's phase."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ops import notification
from ops.paths import ROOT
from tests.smoke import conftest as checks
from tests.support import stack

CONFTEST = """
def pytest_collection_modifyitems(config, items):
    for item in items:
        item.user_properties.append(("check", item.name))
    off = [item for item in items if item.name == "test_off"]
    for item in off:
        item.user_properties.append(("off", "nobody wants it"))
        items.remove(item)
    config.hook.pytest_deselected(items=off)
"""
CHECKS = """
def test_good(record_property):
    record_property("seen", "20 = 20")

def test_off():
    raise AssertionError

def test_bad():
    assert 1 == 2, "one is not two"
"""
RUN = "import sys, pathlib; from tests.smoke.__main__ import run; sys.exit(run(pathlib.Path(sys.argv[1]), 0.0))"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (tmp_path / "test_checks.py").write_text(CHECKS, encoding="utf-8")
    return tmp_path


def smoke(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", RUN, str(folder)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_a_red_check_has_a_line_its_reason_and_the_exit_status(folder: Path) -> None:
    done = smoke(folder, JUNIT=str(folder / "smoke.xml"))
    lines = [line.rpartition(" (")[0] for line in done.stdout.splitlines()]
    assert {"ok   test_good: 20 = 20", "FAIL test_bad"} <= set(lines)
    assert {"off  test_off: nobody wants it", "1 checks were off.", "1 passed, 1 failed"} <= set(
        done.stdout.splitlines()
    )
    assert "AssertionError: one is not two" in done.stdout
    assert done.returncode == 1
    assert 'failures="1" skipped="0" tests="2"' in (folder / "smoke.xml").read_text(encoding="utf-8")


def test_green_checks_end_with_0(folder: Path) -> None:
    (folder / "test_checks.py").write_text("def test_good(): pass\n", encoding="utf-8")
    done = smoke(folder)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "1 passed, 0 failed")


def test_no_check_at_all_is_no_success(folder: Path) -> None:
    (folder / "test_checks.py").unlink()
    assert smoke(folder).returncode not in (0, 1)


@pytest.mark.parametrize("path", ["/proc/none/smoke.xml", "/proc"])
def test_a_report_that_cannot_be_written_is_told_before_any_check(path: str) -> None:
    command = [sys.executable, "-m", "tests.smoke"]
    done = subprocess.run(
        command, cwd=ROOT, env={"JUNIT": path}, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert f"No check ran: JUNIT={path} can't be written" in done.stderr


class Settings(dict[str, str]):
    is_sandbox = False
    has_sample = True
    secrets = Path("/srv/secrets")


@pytest.mark.parametrize(
    ("marker", "channel", "variable", "reason"),
    [
        ("writes", "", "off", "it writes, and this is ENV=production; SMOKE_WRITES=on runs it"),
        ("writes", "", "on", ""),
        ("asks_bugsink", "", "on", "SENTRY_DSN names a tracker that it can't ask"),
        ("", "slack", "on", f"the channel is off: secrets/{notification.FILES['slack']} is empty"),
        ("", "", "on", ""),
    ],
)
def test_in_production_a_check_that_cannot_run_says_why(
    monkeypatch: pytest.MonkeyPatch, marker: str, channel: str, variable: str, reason: str
) -> None:
    monkeypatch.setattr(stack, "loaded_settings", lambda: Settings(ENV="production"))
    monkeypatch.setattr(stack, "secret", lambda _: "https://key@errors.example/1")
    monkeypatch.setattr(notification, "is_on", lambda *_: False)
    monkeypatch.setenv("SMOKE_WRITES", variable)
    item: Any = SimpleNamespace(get_closest_marker=lambda name: name == marker or None)
    if channel:
        item.callspec = SimpleNamespace(params={"channel": channel})
    assert checks.off_because(item) == reason
