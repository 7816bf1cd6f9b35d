"""The reference pages are those that the code makes, and the schema of a log line is one."""

import json

import jsonschema
import pytest

from docs.reference import metrics_page, pages
from ops.paths import ROOT


@pytest.mark.parametrize("name", pages.PAGES)
def test_committed_page_is_the_one_that_the_code_makes(name: str) -> None:
    committed = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
    assert committed == pages.PAGES[name](), "run `make reference` and commit what it writes"


def test_every_setting_has_a_meaning() -> None:
    rows = [row for row in pages.settings_page().splitlines() if row.startswith("| `")]
    assert rows
    assert [row for row in rows if not row.split("|")[4].strip().endswith(".")] == []


def test_schema_of_a_log_line_is_a_schema_and_closed() -> None:
    schema = json.loads(pages.SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False


def test_the_name_of_every_metric_is_kept() -> None:
    """Others' alerts read them: a name goes only with a note in a changelog, and a new one says since when."""
    here = {each.name for each in metrics_page.described()}
    kept = metrics_page.versions()
    gone = {name for name, since in kept.items() if "until" in since}
    assert here - set(kept) == set(), "new names: add them to metric_names.json with the version that brings them"
    assert set(kept) - gone - here == set(), "these are gone: give them their `until` in metric_names.json"
    assert gone & here == set()
    logs = (ROOT / folder / "CHANGELOG.md" for folder in (".", "django-instrumentation"))
    changes = "".join(path.read_text(encoding="utf-8") for path in logs if path.exists())
    assert {name for name in gone if f"`{name}`" not in changes} == set(), "say in CHANGELOG.md what replaces them"


def test_every_metric_says_when_it_moves() -> None:
    assert {each.name for each in metrics_page.described() if not each.meaning.endswith(".")} == set()
