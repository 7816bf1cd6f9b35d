"""What the documents promise is there: addresses, make targets, files, tests."""

import re

import pytest

from ops.faults import FAULTS
from ops.paths import ROOT
from ops.settings import defaults
from tests.support.promises import PAGE, promises, proven
from tests.support.repository import texts
from tests.support.services import PORT_SETTINGS

TARGET = re.compile(r"^([a-z][a-z0-9-]*):(?!=)(.*)$", re.MULTILINE)
MAKE = re.compile(
    r"`(?:[A-Z_]+=\S+ )*make ([a-z][a-z0-9-]*)|^\s*(?:\$ )?(?:[A-Z_]+=\S+ )*make ([a-z][a-z0-9-]*)",
    re.MULTILINE,
)
TEST_PATH = re.compile(r"`(tests/[\w/]+\.py)")
PATH = re.compile(r"`([\w-]+/[\w./*-]*)`")
OWN_VARIABLES = {"MAKEFILE_LIST", "OPS", "VENV"}
DOCUMENTS = (
    *("README.md", "SECURITY.md", "docs/architecture.md", "docs/glossary.md", "docs/operations/promises.md"),
    *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs" / "decisions").glob("*.md"))),
)


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def targets() -> dict[str, str]:
    """The targets of the Makefile with the rest of their line."""
    return dict(TARGET.findall(read("Makefile")))


def test_readme_lists_the_published_addresses_and_no_other() -> None:
    rows = [line for line in read("README.md").splitlines() if line.startswith("|")]
    listed = {port for row in rows for port in re.findall(r"https?://localhost:(\d+)", row)}
    assert listed == {defaults()[setting] for setting in PORT_SETTINGS.values()}


def test_every_target_says_what_it_does() -> None:
    assert [name for name, line in targets().items() if "##" not in line] == []


def test_recipes_take_values_from_the_environment_and_paste_none_into_the_shell() -> None:
    """A quote or a `;` in a value of `$(HOST)` would be the shell's own."""
    lines = [line for line in read("Makefile").splitlines() if line.startswith("\t")]
    assert {name for line in lines for name in re.findall(r"(?<!\$)\$\(([A-Z_]+)\)", line)} == OWN_VARIABLES


def test_documents_name_only_targets_that_exist() -> None:
    documents = texts("*.md")
    named = {first or second for text in documents.values() for first, second in MAKE.findall(text)}
    assert named - set(targets()) == set()


def test_documents_break_and_mend_faults_that_there_are() -> None:
    given = {each for text in texts("*.md").values() for each in re.findall(r"make (?:break|mend) ([\w=-]+)", text)}
    assert given - {f"FAULT={name}" for name in ("", *FAULTS)} == set()


def test_every_promise_names_tests_that_exist_and_where_to_look_first() -> None:
    rows = [line for line in proven().splitlines() if line.startswith("| ")]
    assert len(promises()) == len(rows) - 1, "expected three columns in every row: promise, proof, look first"
    named = {file for promise in promises() for file in promise.tests} | set(TEST_PATH.findall(PAGE.read_text("utf-8")))
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("path", sorted(path.name for path in (ROOT / "tests" / "e2e").glob("test_*.py")))
def test_end_to_end_test_backs_a_promise(path: str) -> None:
    assert f"`tests/e2e/{path}" in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_document_names_only_paths_that_exist(name: str) -> None:
    parts = {path.name for path in ROOT.iterdir() if path.is_dir()} - {"secrets", ".local"}
    named = {path for path in PATH.findall(read(name)) if path.partition("/")[0] in parts}
    assert [path for path in sorted(named) if not list(ROOT.glob(path.rstrip("/")))] == []
