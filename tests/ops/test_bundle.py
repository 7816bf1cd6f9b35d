"""`make bundle` and `make load` on the real engine: images come back, a damaged file is refused unloaded."""

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops import bundle
from ops.commands import current
from ops.console import OpsError
from tests.support.stack import run

NAMES = ("erp-observability-bundle-test:one", "erp-observability-bundle-test:two")


def image_id(name: str) -> str:
    return run("docker", "image", "inspect", "--format", "{{.Id}}", name).strip()


@pytest.fixture
def images() -> Iterator[dict[str, str]]:
    """Two images of the stack under names of their own, so that these can be taken away; ids by name."""
    services = current().model["services"]
    found = {}
    for name, service in zip(NAMES, ("node", "mailpit"), strict=True):
        run("docker", "tag", services[service]["image"], name)
        found[name] = image_id(name)
    yield found
    for name in NAMES:
        run("docker", "image", "rm", "--force", name)


@pytest.fixture
def file(images: dict[str, str], tmp_path: Path) -> Path:
    bundle.save(images, tmp_path / "bundle.tar")
    return tmp_path / "bundle.tar"


def test_images_come_back_as_they_were(images: dict[str, str], file: Path) -> None:
    for name in images:
        run("docker", "image", "rm", name)
    bundle.load(str(file))
    assert {name: image_id(name) for name in images} == images


def test_a_changed_byte_is_found_before_anything_is_loaded(images: dict[str, str], file: Path) -> None:
    with tarfile.open(file) as archive:
        largest = max(archive.getmembers(), key=lambda member: member.size)
    with file.open("r+b") as content:
        content.seek(largest.offset_data + largest.size // 2)
        byte = content.read(1)
        content.seek(-1, 1)
        content.write(bytes([byte[0] ^ 1]))
    for name in images:
        run("docker", "image", "rm", name)
    with pytest.raises(OpsError, match=f"{largest.name} is damaged"):
        bundle.load(str(file))
    assert run("docker", "image", "ls", "--quiet", NAMES[0].split(":")[0]) == ""


def test_an_unfinished_file_is_refused(file: Path) -> None:
    with file.open("r+b") as content:
        content.truncate(file.stat().st_size // 2)
    with pytest.raises(OpsError, match="is no bundle"):
        bundle.check(file)


def test_a_missing_image_is_named(tmp_path: Path) -> None:
    with pytest.raises(OpsError, match="Not here: erp-observability-nothing:0"):
        bundle.save(["erp-observability-nothing:0"], tmp_path / "bundle.tar")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_is_named() -> None:
    with pytest.raises(OpsError, match=r"No file nowhere\.tar"):
        bundle.load("nowhere.tar")
    with pytest.raises(OpsError, match="No file is named"):
        bundle.save_all(current(), "")


def test_every_service_that_runs_here_is_in_it() -> None:
    listed = bundle.references(current())
    own = f"label=com.docker.compose.project={current().project}"
    running = run("docker", "ps", "--filter", own, "--format", "{{.Image}}")
    assert set(running.split()) <= set(listed)
