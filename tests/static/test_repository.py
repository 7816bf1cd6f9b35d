"""What must not be committed, and the house rules that a program can check."""

import os
import re
import shutil
from pathlib import Path

import pytest

from ops.paths import ROOT
from tests.run import PHASES
from tests.support import repository
from tests.support.repository import texts
from tests.support.stack import run

SETTINGS_FILES = (
    "/etc/apt/sources.list",
    "/etc/pip.conf",
    "~/.config/pip/pip.conf",
    "~/.pip/pip.conf",
    "~/.npmrc",
    "/etc/npmrc",
)
SETTINGS_NAME = re.compile(r"PIP|UV_|NPM|GOPROXY|GOSUMDB|PROXY|INDEX|REGISTRY|MIRROR", re.IGNORECASE)
HOST = re.compile(r"https?://(?:[^/\s@]*@)?([A-Za-z0-9.-]+\.[a-z]{2,})")
PYTHON_LINES = 300
WAITING = Path("tests/support/wait.py")

# Written in pieces, so that this file isn't found itself.
MACHINE_PATH = re.compile("/work" + "/(main|shared|steering)|/tmp" + "/team")
LEFT_FOR_LATER = re.compile(r"\b(" + "TO" + "DO|FIX" + r"ME)\b")
NOT_RUN = re.compile(r"pytest\.(skip|xfail|importorskip)|mark\.(skip|xfail)|unittest\.skip")
SLEEP = re.compile(r"\bsleep\(")


def registry_hosts() -> set[str]:
    """The hosts of the package registries that this machine is set up to use."""
    paths = [Path(name).expanduser() for name in SETTINGS_FILES] + list(Path("/etc/apt/sources.list.d").glob("*"))
    sources = [path.read_text(encoding="utf-8") for path in paths if path.is_file()]
    sources += [value for name, value in os.environ.items() if SETTINGS_NAME.search(name)]
    if shutil.which("go"):
        sources.append(run("go", "env", "GOPROXY"))
    return {host for source in sources for host in HOST.findall(source)}


def found(pattern: re.Pattern[str], *files: str) -> list[str]:
    return [
        f"{path}:{number}: {line.strip()[:120]}"
        for path, text in texts(*files).items()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_registry_host_is_committed() -> None:
    hosts = registry_hosts()
    assert not hosts or found(re.compile("|".join(map(re.escape, sorted(hosts))))) == []


def test_no_path_of_a_machine_is_committed() -> None:
    assert found(MACHINE_PATH) == []


def test_nothing_is_left_for_later() -> None:
    assert found(LEFT_FOR_LATER, "*.py", "*.sh", "*.yml", "*.yaml", "*.md", "Makefile", "Dockerfile") == []


def test_no_test_is_skipped() -> None:
    assert found(NOT_RUN, "*.py") == []


def test_tests_sleep_in_one_place_only() -> None:
    hits = [hit for hit in found(SLEEP, "test_*.py", "conftest.py") if "def " not in hit]
    hits += [hit for hit in found(SLEEP, "tests/support/*.py") if not hit.startswith(str(WAITING))]
    assert hits == []


def test_python_modules_are_short() -> None:
    modules = {path: text for path, text in texts("*.py").items() if "migrations" not in path.parts}
    assert [str(path) for path, text in modules.items() if len(text.splitlines()) > PYTHON_LINES] == []


def test_every_file_of_tests_that_runs_alone_has_a_phase() -> None:
    """`make test` leaves what is marked so out of the other phases."""
    named = {word for phase in PHASES for word in phase.command}
    marked = [path for path in sorted(ROOT.glob("tests/e2e/test_*.py")) if "pytest.mark.alone" in path.read_text()]
    assert [path.name for path in marked if str(path.relative_to(ROOT)) not in named] == []


def test_a_listed_file_that_is_gone_is_left_out_only_where_git_does_not_track_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout, copy = tmp_path / "checkout", tmp_path / "copy"
    checkout.mkdir()
    for name in ("kept", "planted", "tracked"):
        (checkout / name).write_text(name, encoding="utf-8")
    run("git", "init", "--quiet", folder=checkout)
    run("git", "add", "kept", "tracked", folder=checkout)
    monkeypatch.setattr(repository, "ROOT", checkout)
    listed = repository.files()
    assert [path.name for path in listed] == ["kept", "planted", "tracked"]
    monkeypatch.setattr(repository, "files", lambda: listed)
    (checkout / "planted").unlink()
    repository.copy_files(copy, below=checkout)
    assert sorted(path.name for path in copy.iterdir()) == ["kept", "tracked"]
    (checkout / "tracked").unlink()
    with pytest.raises(FileNotFoundError, match="tracked"):
        repository.copy_files(copy, below=checkout)
