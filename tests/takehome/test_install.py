"""Who may install the package: old and new pip find versions that agree, and a user's mypy sees its types."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from packaging.version import Version

from tests.support import stack
from tests.support.readme import PACKAGE
from tests.support.repository import copy_files

# Debian 12's; it doesn't run on Python 3.12, whose own is 23.2.
PIPS = [*(["23.0.1"] if sys.version_info < (3, 12) else []), "23.2.1", ""]
EXTRAS = {
    "celery,tracing,database": {"django", "celery", "opentelemetry-sdk", "django-prometheus"},
    "celery": {"django"},
    "tracing": {"django"},
    "database": {"django"},
}
"""Some of what each combination has to bring along."""
# The first by the oldest is the hardest; all others are resolved by a thorough run.
RESOLVED = [
    pytest.param(
        pip,
        extras,
        id=f"{pip or 'newest'}-{extras}",
        marks=() if (pip, extras) == (PIPS[0], next(iter(EXTRAS))) else pytest.mark.thorough,
    )
    for pip in PIPS
    for extras in EXTRAS
]
USER = """
from django_instrumentation.external import external_call

with external_call("payment", "charge"):
    pass
"""
WRONG = "    external_call(1)\n"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkout")
    copy_files(folder, below=PACKAGE)
    return folder / PACKAGE.name


def venv_with(folder: Path, *requirements: str) -> Path:
    """The Python of a new environment."""
    stack.run(sys.executable, "-m", "venv", str(folder))
    python = folder / "bin" / "python"
    if requirements:
        stack.run(str(python), "-m", "pip", "install", "-q", "--upgrade", *requirements)
    return python


def resolve(python: Path, *requirements: str) -> dict[str, str]:
    """The versions that this pip would install; options of pip may stand among the requirements."""
    command = [str(python), "-m", "pip", "install", "-q", "--dry-run", "--report", "-", *requirements]
    report = json.loads(stack.run(*command, timeout=300))
    return {each["metadata"]["name"].lower(): each["metadata"]["version"] for each in report["install"]}


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("pip", "extras"), RESOLVED)
def test_every_extra_can_be_resolved(pip: str, extras: str, checkout: Path, tmp_path: Path) -> None:
    python = venv_with(tmp_path / "venv", f"pip=={pip}" if pip else "pip")
    assert resolve(python, f"{checkout}[{extras}]").keys() >= EXTRAS[extras]


@pytest.mark.thorough
@pytest.mark.timeout(300)
def test_it_stands_beside_the_versions_that_pretix_pins(checkout: Path, tmp_path: Path) -> None:
    python = venv_with(tmp_path / "venv", "pip")
    found = resolve(python, f"{checkout}[celery,tracing]", "celery==5.6.*", "sentry-sdk==2.70.*", "Django==5.2.*")
    assert [found[name].rpartition(".")[0] for name in ("celery", "sentry-sdk", "django")] == ["5.6", "2.70", "5.2"]


@pytest.mark.thorough
@pytest.mark.timeout(300)
def test_nothing_but_the_extra_database_keeps_a_project_from_the_newest_django(checkout: Path, tmp_path: Path) -> None:
    """For Python 3.13, whichever runs this: pip takes an older Django without a word where a dependency bounds it."""
    python = venv_with(tmp_path / "venv", "pip", "hatchling")
    build = "import os, sys; os.chdir(sys.argv[1]); from hatchling.build import build_wheel; build_wheel(sys.argv[2])"
    stack.run(str(python), "-c", build, str(checkout), str(tmp_path))
    (wheel,) = tmp_path.glob("*.whl")
    options = ("--python-version=3.13", "--only-binary=:all:", f"--target={tmp_path / 'none'}")
    newest = resolve(python, *options, "Django")["django"]
    assert Version(newest) >= Version("6.1")
    assert resolve(python, *options, f"{wheel}[celery,tracing]")["django"] == newest
    # As soon as django-prometheus takes 6.1, the README's sentence about it can go.
    assert resolve(python, *options, f"{wheel}[database]")["django"].startswith("6.0.")
    assert "`pip install --no-deps django-prometheus` keeps 6.1" in (PACKAGE / "README.md").read_text(encoding="utf-8")


def test_a_users_project_is_checked_against_our_types(environment: dict[str, str], tmp_path: Path) -> None:
    installed = environment["PATH"].split(":")[0] + "/python"
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", f"--python-executable={installed}"]
    for name, text, said in (("user.py", USER, "Success"), ("wrong.py", USER + WRONG, "Missing positional argument")):
        (tmp_path / name).write_text(text, encoding="utf-8")
        done = subprocess.run([*command, name], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert said in done.stdout, done.stdout + done.stderr


def test_the_source_distribution_has_what_a_reader_needs(checkout: Path, tmp_path: Path) -> None:
    python = venv_with(tmp_path / "venv", "hatchling")
    build = "import os, sys; os.chdir(sys.argv[1]); from hatchling.build import build_sdist; build_sdist(sys.argv[2])"
    stack.run(str(python), "-c", build, str(checkout), str(tmp_path))
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        names = {name.partition("/")[2] for name in opened.getnames()}
    assert names >= {"README.md", "LICENSE", "CHANGELOG.md", "src/django_instrumentation/py.typed"}
    assert (PACKAGE / "LICENSE").read_bytes() == (PACKAGE.parent / "LICENSE").read_bytes()
