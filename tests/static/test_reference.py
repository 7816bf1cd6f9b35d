"""The reference pages are those that the code makes, and the schema of a log line is one."""

import json

import jsonschema
import pytest

from django_o11y import reference
from ops.paths import ROOT


@pytest.mark.parametrize("name", reference.PAGES)
def test_committed_page_is_the_one_that_the_code_makes(name: str) -> None:
    committed = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
    assert committed == reference.PAGES[name](), "run `make reference` and commit what it writes"


def test_every_setting_has_a_meaning() -> None:
    rows = [row for row in reference.settings_page().splitlines() if row.startswith("| `")]
    assert rows
    assert [row for row in rows if not row.split("|")[4].strip().endswith(".")] == []


def test_schema_of_a_log_line_is_a_schema_and_closed() -> None:
    schema = json.loads(reference.SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False
