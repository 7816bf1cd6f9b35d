"""`make up` by its official way: every image is pulled, from a registry on this machine under the official names.

Its images are those built here: what is shown is the way (pull, tags, own builds, one-shots, health), not the
official images. grafana/tests/stand_in.py takes Grafana's place, so that the operator's one-shot runs.
"""

import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest

from ops import image_source, recipes, settings
from ops.commands import current
from ops.paths import ROOT
from ops.stack import OWN_IMAGES, Stack
from tests.support import registry, stack
from tests.support.ports import free_port
from tests.support.registry import Registry
from tests.support.repository import copy_files
from tests.support.second_stack import left

PROJECT = "official"
ENVIRONMENT = {
    "PROJECT": PROJECT,
    "PORT_OFFSET": "0",
    "IMAGE_SOURCE": "official",
    "ENV": "sandbox",
    "SAMPLE": "on",
    "TRACING": "on",
}
PORTS = {name: str(free_port()) for name in settings.PORTS}
MINUTES = 60
STAND_IN = "erp-observability/grafana-stand-in:test"
STAND_IN_RECIPE = """
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
COPY stand_in.py /srv/stand_in.py
USER 472:0
CMD ["python3", "-B", "-u", "/srv/stand_in.py"]
"""
pytestmark = pytest.mark.timeout(20 * MINUTES)


def make(*arguments: str) -> str:
    return stack.run("make", "-s", *arguments, timeout=15 * MINUTES, env=ENVIRONMENT | PORTS)


def local_by_official() -> dict[str, str]:
    """The image of this machine by the official name that it will have in the registry."""
    with patch.dict(os.environ, {name: ENVIRONMENT[name] for name in ("SAMPLE", "TRACING")}):
        here = current()
    with patch.dict(os.environ, ENVIRONMENT | PORTS):
        official = Stack(settings.load(), "official").model["services"]
    found = {}
    for name, service in official.items():
        if not service["image"].startswith(OWN_IMAGES):
            built = here.model["services"].get(name, {}).get("image", "")
            found[service["image"]] = STAND_IN if name == "grafana" else built or image_source.python(here)
    return found


def in_registry(name: str) -> str:
    """Docker Hub's own images have a name without a folder."""
    return name if "/" in name else f"library/{name}"


def image_id(name: str) -> str:
    return stack.run("docker", "image", "ls", "--quiet", "--no-trunc", name).strip()


def build_stand_in() -> None:
    with tempfile.TemporaryDirectory() as folder:
        context = Path(folder)
        (context / "Dockerfile").write_text(STAND_IN_RECIPE, encoding="utf-8")
        source = ROOT / "grafana" / "tests" / "stand_in.py"
        (context / "stand_in.py").write_bytes(source.read_bytes())
        base = f"BASE_IMAGE={image_source.python(current())}"
        stack.run("docker", "buildx", "build", "--load", "-t", STAND_IN, "--build-arg", base, folder, timeout=120)


@contextmanager
def without(names: list[str]) -> Iterator[None]:
    """None of these names is here; what had one has it again afterwards."""
    before = {name: found for name in names if (found := image_id(name))}
    for name in before:
        stack.run("docker", "image", "rm", name)
    try:
        yield
    finally:
        for name in names:
            if image_id(name):
                stack.run("docker", "image", "rm", "--force", name)
        for name, found in before.items():
            stack.run("docker", "tag", found, name)


@pytest.fixture(scope="module")
def images() -> Iterator[dict[str, str]]:
    stack.ensure_up()  # its images are those that the registry will have
    build_stand_in()
    yield local_by_official()
    stack.run("docker", "image", "rm", STAND_IN)


@pytest.fixture(scope="module")
def hub(images: dict[str, str]) -> Iterator[Registry]:
    """The engine's mirror, with every official name in it and none on this machine."""
    own = [f"{prefix}{stack.setting('VERSION')}" for prefix in OWN_IMAGES]
    with registry.running() as found:
        for name, image in images.items():
            found.push(image, in_registry(name))
        with without([*images, *own]), registry.as_mirror(found):
            yield found


@pytest.fixture(scope="module")
def said(hub: Registry) -> Iterator[str]:
    """What `make up` prints."""
    assert hub.asked_for() == set()
    try:
        yield make("up")
    finally:
        make("clean", "CONFIRM=yes")


def test_every_image_is_pulled_and_said(said: str, images: dict[str, str], hub: Registry) -> None:
    assert hub.asked_for() == {in_registry(name) for name in images}
    for number, name in enumerate(sorted(images), 1):
        assert f"==> Pulling {number}/{len(images)}: {name}" in said


def test_every_service_is_healthy_under_its_official_image(said: str, images: dict[str, str]) -> None:
    assert said
    assert "Not well" not in make("status")
    own = f"label=com.docker.compose.project={PROJECT}"
    running = set(stack.run("docker", "ps", "--all", "--filter", own, "--format", "{{.Image}}").split())
    assert images.keys() <= running
    assert not {recipe.reference for recipe in recipes.recipes().values()} & running


def test_the_operator_has_its_user(said: str) -> None:
    assert said
    assert "operator (Viewer) is" in stack.run("docker", "logs", f"{PROJECT}-grafana-operator-1")


def test_smoke_is_green(said: str) -> None:
    assert said
    assert " 0 failed" in make("smoke")


def test_pin_asks_by_the_engines_mirror(said: str, images: dict[str, str], hub: Registry, tmp_path: Path) -> None:
    """In a copy of the checkout, whose file it writes."""
    assert said
    copy_files(tmp_path)
    done = subprocess.run([sys.executable, "-m", "ops", "pin"], cwd=tmp_path, check=False, timeout=5 * MINUTES)
    assert done.returncode in (0, 1)  # the registry lacks the images of services that are off here
    pinned = tomllib.loads((tmp_path / "images" / "digests.toml").read_text(encoding="utf-8"))["digests"]
    assert pinned == {name: hub.digest(in_registry(name)) for name in images}


def test_a_second_up_pulls_nothing_and_starts_nothing_anew(said: str) -> None:
    assert said
    before = left(PROJECT)
    assert "Pulling" not in make("up")
    assert left(PROJECT) == before


def test_down_leaves_the_data_and_no_container(said: str) -> None:
    assert said
    make("down")
    own = f"label=com.docker.compose.project={PROJECT}"
    assert stack.run("docker", "ps", "--all", "--quiet", "--filter", own) == ""
    assert stack.run("docker", "volume", "ls", "--quiet", "--filter", own) != ""
