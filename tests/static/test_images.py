"""Recipes of images: none is for one kind of processor; every official image is one that a single mirror can serve."""

import re

import pytest

from tests.support.compose_model import AGENT, COMPOSE, services
from tests.support.repository import texts

ARCHITECTURE = re.compile(r"\b(amd64|x86_64|x86-64|arm64|aarch64|armv7|GOARCH|TARGETARCH)\b|--platform|platform:")
RECIPES = ("Dockerfile", "images.toml", "compose*.yaml", "images.py", "recipes.py", "go.mod")
OFFICIAL = sorted({each["image"] for file in (COMPOSE, AGENT) for each in services(file).values()})


def test_no_recipe_names_an_architecture() -> None:
    found = {str(path): ARCHITECTURE.findall(text) for path, text in texts(*RECIPES).items()}
    assert len(found) > len(RECIPES)
    assert {path: names for path, names in found.items() if names} == {}


@pytest.mark.parametrize("image", [each for each in OFFICIAL if not each.startswith("erp-observability/")])
def test_an_official_image_is_of_docker_hub_which_one_mirror_of_the_engine_serves(image: str) -> None:
    """The engine asks `registry-mirrors` for Docker Hub's images only; a host has a dot or a colon in its name."""
    assert not re.match(r"[^/]*[.:][^/]*/", image)
    assert re.search(r":[^/]+$", image)
