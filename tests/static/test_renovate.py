"""renovate.json looks into every file that pins a version, and no pin's place is known to nobody."""

import json
import re
from typing import Any

import pytest

from ops import recipes
from ops.paths import ROOT
from tests.support.repository import texts

CONFIGURATION: dict[str, Any] = json.loads((ROOT / "renovate.json").read_text(encoding="utf-8"))
CUSTOM = CONFIGURATION["customManagers"]
# The files that may have a pin, and its form there.
PINS = {
    "docker-compose": (("*.yaml", "*.yml"), r"^ +image: (?!example/)[\w./-]+:v?\d"),
    "dockerfile": (("Dockerfile",), r"^(?:FROM|ARG BASE_IMAGE=)\s*[a-z][\w./-]*:\d"),
    "pip_requirements": (("*.in",), r"^[A-Za-z][\w.-]*(?:\[[\w,]+\])?==\d"),
    "npm": (("package.json",), r'^  "dependencies": \{'),
    "gomod": (("go.mod",), r"^module "),
}


def looks_into(manager: dict[str, Any], path: str) -> bool:
    patterns = [pattern.strip("/").replace("\\/", "/") for pattern in manager["managerFilePatterns"]]
    return any(re.search(pattern, path) for pattern in patterns)


@pytest.mark.parametrize("manager", PINS)
def test_every_file_with_a_pin_is_looked_into(manager: str) -> None:
    files, form = PINS[manager]
    pinned = [str(path) for path, text in texts(*files).items() if re.search(form, text, re.MULTILINE)]
    assert manager in CONFIGURATION["enabledManagers"]
    assert pinned
    assert [path for path in pinned if not looks_into(CONFIGURATION[manager], path)] == []


def test_every_program_with_a_version_of_its_own_is_found_in_the_recipes() -> None:
    text = (ROOT / "images" / "images.toml").read_text(encoding="utf-8")
    found = set()
    for manager in CUSTOM:
        assert looks_into(manager, "images/images.toml")
        for pattern in manager["matchStrings"]:
            found |= {match["currentValue"] for match in re.finditer(pattern.replace("(?<", "(?P<"), text)}
    programs = [recipe for recipe in recipes.recipes().values() if recipe.is_go or recipe.name == "bugsink"]
    assert {recipe.version for recipe in programs} == found
