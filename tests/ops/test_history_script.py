"""What `make scale-out` and `make scale-in` run copies lines there and back, by the real rclone, to a folder."""

import base64
from pathlib import Path

import pytest

from ops import image_source
from ops.commands import current
from ops.paths import ROOT
from ops.settings import Settings
from ops.stack import Stack
from tests.support.stack import run

SERIES, CHUNK = "c4f21e", "18c2d5b1f00:18c2d5b2a00:9f3a11c7"
INDEX = "index_20000/1700000000-compactor.tsdb.gz"


@pytest.fixture(scope="module")
def image() -> str:
    stack = current()
    scaled = Stack(Settings({**stack.settings.values, "SCALE": "on"}, stack.settings.given), stack.image_source)
    definition = scaled.everything["services"]["storage-history"]
    image_source.provide_some(scaled, [definition])
    return str(definition["image"])


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    """Loki's volume, and the storage with both buckets."""
    loki, storage = tmp_path / "loki", tmp_path / "storage"
    loki.mkdir()
    for bucket in ("logs", "metrics"):
        (storage / bucket).mkdir(parents=True)
    return loki, storage


def history(image: str, places: tuple[Path, Path], what: str) -> None:
    mounts = {places[0]: "/loki", places[1]: "/storage", ROOT / "scale/history.sh": "/history.sh"}
    volumes = [f"--volume={here}:{there}" for here, there in mounts.items()]
    remote = ("--env=RCLONE_CONFIG_STORAGE_TYPE=alias", "--env=RCLONE_CONFIG_STORAGE_REMOTE=/storage")
    buckets = ("--env=LOGS=storage:logs", "--env=METRICS=storage:metrics")
    options = ("--rm", "--network=none", "--tmpfs=/tmp", "--env=RCLONE_CONFIG=", *remote, *buckets, "--entrypoint=sh")
    run("docker", "run", *options, *volumes, image, "/history.sh", what)


def files(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_chunks_and_index_go_there_and_back_under_the_names_of_each_place(
    image: str, places: tuple[Path, Path]
) -> None:
    loki, storage = places
    on_disk = f"chunks/fake/{SERIES}/{base64.b64encode(CHUNK.encode()).decode()}"
    write(loki / on_disk, "lines")
    write(loki / "chunks/index" / INDEX, "where")
    before = files(loki)
    history(image, places, "lines-out")
    assert files(storage) == {f"logs/fake/{SERIES}/{CHUNK}": "lines", f"logs/index/{INDEX}": "where"}
    history(image, places, "lines-in")  # of what is there nothing is missing
    assert files(loki) == before
    (loki / on_disk).unlink()
    (loki / "chunks/index" / INDEX).unlink()
    history(image, places, "lines-in")
    assert files(loki) == before


def test_a_loki_that_has_written_no_chunk_yet_has_nothing_to_copy(image: str, places: tuple[Path, Path]) -> None:
    loki, storage = places
    (loki / "chunks/fake").mkdir(parents=True)
    history(image, places, "lines-out")
    assert files(storage) == {}
