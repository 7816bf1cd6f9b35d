"""The table that `make urls` prints: every address in it answers, every password file is there."""

import re
from pathlib import Path

import pytest
import requests

from ops.paths import ROOT
from tests.support import stack
from tests.support.other_host import authority_of_the_gateway
from tests.support.services import PORT_SETTINGS


@pytest.fixture(scope="module")
def table() -> dict[str, str]:
    """The rows by service."""
    printed = stack.run("make", "--no-print-directory", "urls").splitlines()
    return {line.split()[0]: line for line in printed if "://" in line}


def test_every_published_service_is_listed(table: dict[str, str]) -> None:
    assert set(table) == {name for name in PORT_SETTINGS if name in stack.expected_services()}


@pytest.mark.parametrize("name", PORT_SETTINGS)
def test_address_answers_with_a_page(name: str, table: dict[str, str], tmp_path: Path) -> None:
    if name not in stack.expected_services():
        assert name not in table
        return
    (address,) = re.findall(r"https?://\S+", table[name])
    gated = address.startswith("https://")
    verified_by = str(authority_of_the_gateway(stack.compose, tmp_path)) if gated else True
    answer = requests.get(address, timeout=10, verify=verified_by)  # a log-in page counts: redirects are followed
    assert answer.status_code == (401 if gated else 200)
    assert answer.text


def test_passwords_are_where_the_table_says(table: dict[str, str]) -> None:
    files = [path for line in table.values() for path in re.findall(r"\S*secrets[-\w]*/\w+", line)]
    assert files
    assert [path for path in files if not (ROOT / path).read_text(encoding="utf-8").strip()] == []
