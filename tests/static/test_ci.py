"""The examples of docs/ci.md parse, and what they run and upload exists."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from ops.paths import ROOT
from tests.static.test_docs import targets

PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
GITHUB, GITLAB = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))


def scripts() -> Iterator[str]:
    for job in GITHUB["jobs"].values():
        yield from (step["run"] for step in job["steps"] if "run" in step)
    for job in GITLAB.values():
        for key in ("before_script", "script", "after_script"):
            yield from job[key]


def test_both_examples_run_the_smoke_test_and_targets_that_exist() -> None:
    assert [line for line in scripts() if line.startswith("make smoke")] == ["make smoke JUNIT=smoke.xml"] * 2
    assert {line.split()[1] for line in scripts() if line.startswith("make ")} <= set(targets())


def test_the_uploaded_report_is_the_one_that_is_written() -> None:
    (upload,) = [step["with"] for step in GITHUB["jobs"]["smoke"]["steps"] if "upload-artifact" in step.get("uses", "")]
    uploaded: set[Any] = {upload["path"], GITLAB["smoke"]["artifacts"]["reports"]["junit"]}
    assert uploaded == {"smoke.xml"}
