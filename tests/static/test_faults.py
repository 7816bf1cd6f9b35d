"""What breaks the sample lies beside it: ops knows no table, task or page of the ERP."""

from __future__ import annotations

import re

from ops.paths import ROOT


def test_ops_names_no_table_and_no_module_of_the_sample() -> None:
    apps = [path.parent.name for path in (ROOT / "erp_app").glob("*/models.py")]
    assert apps
    known = re.compile(rf"\b(django_(session|migrations|admin)\w*|({'|'.join(apps)})(_\w+|\.(models|tasks)))\b")
    found = {path.name: known.findall(path.read_text(encoding="utf-8")) for path in (ROOT / "ops").glob("*.py")}
    assert {name: names for name, names in found.items() if names} == {}


def test_every_script_that_breaks_the_sample_is_used() -> None:
    used = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "ops").glob("*fault*.py"))
    assert [path.name for path in (ROOT / "erp_app" / "faults").iterdir() if f'"{path.name}"' not in used] == []
