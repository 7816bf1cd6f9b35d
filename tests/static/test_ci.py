"""The examples of docs/ci.md parse, and what they run and upload exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from ops.paths import ROOT
from tests.static.test_docs import targets

PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
GITHUB, GITLAB = (yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
MAKE = re.compile(r"^make (\S+)((?: [A-Z_]+=\S+)*)$")


def scripts() -> Iterator[str]:
    for job in GITHUB["jobs"].values():
        yield from (step["run"] for step in job["steps"] if "run" in step)
    for job in GITLAB.values():
        for key in ("before_script", "script", "after_script"):
            yield from job[key]


COMMANDS = [match for line in scripts() if (match := MAKE.match(line))]
JUNIT = {match[2].strip().removeprefix("JUNIT=") for match in COMMANDS if "JUNIT=" in match[2]}


def test_every_target_exists() -> None:
    assert {match[1] for match in COMMANDS} - set(targets()) == set()


def test_both_examples_run_the_smoke_test() -> None:
    assert [match[0] for match in COMMANDS if match[1] == "smoke"] == ["make smoke JUNIT=smoke.xml"] * 2


def test_the_uploaded_report_is_the_one_that_is_written() -> None:
    (upload,) = [step["with"] for step in GITHUB["jobs"]["smoke"]["steps"] if "upload-artifact" in step.get("uses", "")]
    uploaded: set[Any] = {upload["path"], GITLAB["smoke"]["artifacts"]["reports"]["junit"]}
    assert uploaded == JUNIT == {"smoke.xml"}


def test_github_jobs_name_what_they_run_on() -> None:
    assert GITHUB[True] == ["push", "pull_request"]  # YAML 1.1 reads the key `on` as true
    assert all(job["runs-on"] and job["steps"] for job in GITHUB["jobs"].values())
