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
# Where a pin is found by its own form, whatever the file's name.
FORMS = {
    "docker-compose": re.compile(r"^ +image: (?!example/)[\w./-]+:v?\d", re.MULTILINE),
    "dockerfile": re.compile(r"^(?:FROM|ARG BASE_IMAGE=)\s*[a-z][\w./-]*:\d", re.MULTILINE),
    "pip_requirements": re.compile(r"^[A-Za-z][\w.-]*(?:\[[\w,]+\])?==\d", re.MULTILINE),
    "npm": re.compile(r'^  "dependencies": \{', re.MULTILINE),
    "gomod": re.compile(r"^module ", re.MULTILINE),
}
FILES = {
    "docker-compose": ("*.yaml", "*.yml"),
    "dockerfile": ("Dockerfile",),
    "pip_requirements": ("*.in",),
    "npm": ("package.json",),
    "gomod": ("go.mod",),
}


def looks_into(manager: dict[str, Any], path: str) -> bool:
    patterns = [pattern.strip("/").replace("\\/", "/") for pattern in manager["managerFilePatterns"]]
    return any(re.search(pattern, path) for pattern in patterns)


def pinned(manager: str) -> list[str]:
    return [str(path) for path, text in texts(*FILES[manager]).items() if FORMS[manager].search(text)]


@pytest.mark.parametrize("manager", FORMS)
def test_every_file_with_a_pin_is_looked_into(manager: str) -> None:
    assert manager in CONFIGURATION["enabledManagers"]
    assert pinned(manager)
    assert [path for path in pinned(manager) if not looks_into(CONFIGURATION[manager], path)] == []


def test_every_program_with_a_version_of_its_own_is_found_in_the_recipes() -> None:
    text = (ROOT / "images" / "images.toml").read_text(encoding="utf-8")
    found = set()
    for manager in CUSTOM:
        assert looks_into(manager, "images/images.toml")
        for pattern in manager["matchStrings"]:
            found |= {match["currentValue"] for match in re.finditer(pattern.replace("(?<", "(?P<"), text)}
    programs = [recipe for recipe in recipes.recipes().values() if recipe.is_go or recipe.name == "bugsink"]
    assert {recipe.version for recipe in programs} == found
