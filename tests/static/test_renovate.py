"""renovate.json looks into every file that pins a version, and no pin's place is known to nobody."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ops import digests, recipes
from ops.paths import ROOT
from tests.support.compose_model import services
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
    # `make kubernetes` writes these from the Compose files; until it is run, tests/static/test_kubernetes.py is red.
    pinned = [path for path in pinned if not path.startswith("deploy/kubernetes/")]
    assert manager in CONFIGURATION["enabledManagers"]
    assert pinned
    assert [path for path in pinned if not looks_into(CONFIGURATION[manager], path)] == []


def test_every_program_with_a_version_of_its_own_is_found_in_the_recipes() -> None:
    text = (ROOT / "images" / "images.toml").read_text(encoding="utf-8")
    found = set()
    for manager in [each for each in CUSTOM if each["datasourceTemplate"] != "docker"]:
        assert looks_into(manager, "images/images.toml")
        for pattern in manager["matchStrings"]:
            found |= {match["currentValue"] for match in re.finditer(pattern.replace("(?<", "(?P<"), text)}
    programs = [recipe for recipe in recipes.recipes().values() if recipe.is_go or recipe.name == "bugsink"]
    assert {recipe.version for recipe in programs} == found


def test_a_pinned_digest_is_found_with_its_tag(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In a file as `make pin` writes it."""
    pinned = {"prom/prometheus:v3.13.5": f"sha256:{'a' * 64}", "postgres:17.11-trixie": f"sha256:{'b' * 64}"}
    monkeypatch.setattr(digests, "FILE", tmp_path / "digests.toml")
    digests.write(pinned)
    (manager,) = [each for each in CUSTOM if each["datasourceTemplate"] == "docker"]
    assert looks_into(manager, "images/digests.toml")
    pattern = manager["matchStrings"][0].replace("(?<", "(?P<")
    found = [match.groupdict() for match in re.finditer(pattern, digests.FILE.read_text(encoding="utf-8"))]
    assert {f"{each['depName']}:{each['currentValue']}": each["currentDigest"] for each in found} == pinned
    assert digests.pinned() == pinned


def test_only_tags_of_the_compose_files_are_pinned_and_nothing_is_made_up() -> None:
    used = {service["image"] for service in services().values()}
    assert digests.pinned().keys() <= used
