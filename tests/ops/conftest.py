"""A copy of this checkout and the real command line, so that bad input meets what a person would run."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ops import image_source
from ops.settings import Settings, defaults, load
from tests.support import sentry_machine
from tests.support.repository import copy_files
from tests.support.sentry_machine import Machine
from tests.support.stack import ROOT

IMAGES_ARE_OFFICIAL = image_source.remembered(load()) == "official"

BUILT = "test_built_images.py"
ELSEWHERE = {"PAYMENT_API_URL": "https://pay.example", "SHIPPING_API_URL": "https://ship.example"}
Ops = Callable[..., subprocess.CompletedProcess[str]]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if IMAGES_ARE_OFFICIAL:
        config.hook.pytest_deselected(items=[item for item in items if item.path.name == BUILT])
        items[:] = [item for item in items if item.path.name != BUILT]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if IMAGES_ARE_OFFICIAL:
        terminalreporter.write_line(f"Not run: {BUILT}. The images are official, none was built here.")


@pytest.fixture
def checkout() -> Iterator[Path]:
    """A copy of this repository that a test may break; readable for every user, which pytest's folders aren't."""
    with tempfile.TemporaryDirectory(prefix="checkout-") as folder:
        copy = Path(folder)
        copy.chmod(0o755)
        copy_files(copy)
        yield copy


@pytest.fixture
def ops(checkout: Path) -> Ops:
    """Runs `python3 -m ops ARGUMENTS` in the copy; keyword arguments are environment variables."""

    def run(*arguments: str, prefix: tuple[str, ...] = (), **variables: str) -> subprocess.CompletedProcess[str]:
        python = "/usr/bin/python3" if prefix else sys.executable
        return subprocess.run(
            [*prefix, python, "-m", "ops", *arguments],
            cwd=checkout,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    return run


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the default settings and nothing else, whatever the environment says."""
    for name in defaults():
        monkeypatch.delenv(name, raising=False)
    shutil.copy(ROOT / ".env.example", tmp_path / ".env.example")
    return tmp_path


@pytest.fixture
def settings(root: Path) -> Settings:
    """The sandbox's defaults, whatever .env or the environment say."""
    return load(root)


@pytest.fixture(scope="session")
def sentry_made() -> Iterator[Machine]:
    with sentry_machine.made() as machine:
        yield machine


@pytest.fixture
def machine(sentry_made: Machine) -> Machine:
    """An engine that only writes down its calls; `make sentry` may have run there before."""
    sentry_machine.reset(sentry_made)
    return sentry_made


@pytest.fixture
def installed(machine: Machine) -> Machine:
    """Where `make sentry` has just ended well."""
    if not machine.is_installed:
        done = machine.sentry()
        assert done.returncode == 0, done.stdout + done.stderr
        machine.is_installed = True
    return machine
