"""What the documents promise is there: addresses, make targets, tests."""

from __future__ import annotations

import re

import pytest

from ops.paths import ROOT
from ops.settings import parse
from tests.support.repository import texts
from tests.support.signals import SERVICES

TARGET = re.compile(r"^([a-z][a-z0-9-]*):(?!=)(.*)$", re.MULTILINE)
MAKE = re.compile(
    r"`(?:[A-Z_]+=\S+ )*make ([a-z][a-z0-9-]*)|^\s*(?:\$ )?(?:[A-Z_]+=\S+ )*make ([a-z][a-z0-9-]*)",
    re.MULTILINE,
)
TEST_PATH = re.compile(r"`(tests/[\w/]+\.py)")
PROMISES = "docs/operations/promises.md"


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def targets() -> dict[str, str]:
    """The targets of the Makefile with the rest of their line."""
    return dict(TARGET.findall(read("Makefile")))


def published() -> dict[str, str]:
    defaults = parse(read(".env.example"), ".env.example")
    return {name: defaults[each.port_setting] for name, each in SERVICES.items() if each.port_setting}


def test_readme_lists_the_published_addresses_and_no_other() -> None:
    rows = [line for line in read("README.md").splitlines() if line.startswith("|")]
    listed = {port for row in rows for port in re.findall(r"http://localhost:(\d+)", row)}
    assert listed == set(published().values())


def test_every_target_says_what_it_does() -> None:
    assert [name for name, line in targets().items() if "##" not in line] == []


def test_documents_name_only_targets_that_exist() -> None:
    documents = texts("*.md")
    named = {first or second for text in documents.values() for first, second in MAKE.findall(text)}
    assert named - set(targets()) == set()


def test_readme_names_the_two_commands() -> None:
    assert {"up", "test"} <= {first or second for first, second in MAKE.findall(read("README.md"))}


def test_promises_name_only_tests_that_exist() -> None:
    named = set(TEST_PATH.findall(read(PROMISES)))
    assert named
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("path", sorted(path.name for path in (ROOT / "tests" / "e2e").glob("test_*.py")))
def test_end_to_end_test_backs_a_promise(path: str) -> None:
    assert f"`tests/e2e/{path}" in read(PROMISES)
