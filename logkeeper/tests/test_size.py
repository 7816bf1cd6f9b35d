"""What has to go when Loki has too much on its disk."""

import base64
import os
from pathlib import Path

import pytest

from logkeeper.size import Store, bytes_of, through

DAY = 86400


def chunk(folder: Path, day: int, size: int) -> Path:
    """A file as Loki names them: base64 of first time, last time and checksum."""
    name = base64.b64encode(f"{(day - 1) * DAY * 1000:x}:{day * DAY * 1000:x}:1a2b".encode()).decode()
    file = folder / "chunks" / "fake" / f"stream{day}" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"x" * size)
    return file


@pytest.fixture
def deleted() -> list[int]:
    return []


@pytest.fixture
def store(tmp_path: Path, deleted: list[int]) -> Store:
    for day in range(1, 11):
        chunk(tmp_path, day, 100)
    (tmp_path / "wal").mkdir()
    (tmp_path / "wal" / "0001").write_bytes(b"x" * 50)
    return Store(tmp_path, 1000, deleted.append)


def test_oldest_go_until_a_tenth_is_free(store: Store, deleted: list[int]) -> None:
    store.step(1000.0)
    assert (store.size, deleted) == (1050, [2 * DAY + 1])


def test_nothing_goes_below_the_size(store: Store, deleted: list[int]) -> None:
    store.cap = 1050
    store.step(1000.0)
    assert (store.size, deleted) == (1050, [])


def test_what_is_given_up_already_isnt_counted_again(store: Store, deleted: list[int]) -> None:
    store.step(1000.0)
    store.step(2000.0)
    assert deleted == [2 * DAY + 1]
    chunk(store.folder, 11, 300)
    store.step(3000.0)
    assert deleted == [2 * DAY + 1, 5 * DAY + 1]


def test_it_is_looked_at_every_five_minutes(store: Store) -> None:
    store.step(1000.0)
    chunk(store.folder, 11, 300)
    store.step(1299.0)
    assert store.size == 1050
    store.step(1300.0)
    assert store.size == 1350


def test_a_refused_deletion_is_tried_again(store: Store, deleted: list[int]) -> None:
    def refuse(until: int) -> None:
        raise OSError("no")

    store.delete = refuse
    with pytest.raises(OSError, match="no"):
        store.step(1000.0)
    store.delete = deleted.append
    store.step(1400.0)
    assert deleted == [2 * DAY + 1]


def test_a_file_of_another_name_has_the_time_of_its_last_change(
    store: Store, deleted: list[int], tmp_path: Path
) -> None:
    other = tmp_path / "chunks" / "loki_cluster_seed.json"
    other.write_bytes(b"x" * 500)
    os.utime(other, (20 * DAY, 20 * DAY))
    store.step(1000.0)
    assert deleted == [7 * DAY + 1]
    assert through("loki_cluster_seed.json") == 0


@pytest.mark.parametrize(("text", "size"), [("8GB", 8_000_000_000), ("500MB", 500_000_000), ("7B", 7), ("1TB", 10**12)])
def test_a_size_is_read(text: str, size: int) -> None:
    assert bytes_of(text) == size


def test_second_names_of_chunks_are_not_counted(store: Store, deleted: list[int]) -> None:
    moved = store.folder / "moved" / "fake" / "stream1"
    moved.mkdir(parents=True)
    os.link(chunk(store.folder, 1, 100), moved / "0:1:1a2b")
    store.cap = 1050
    store.step(1000.0)
    assert (store.size, deleted) == (1050, [])
