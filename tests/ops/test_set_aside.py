"""sentry/set_aside.py: a database of the tracker that can't be read makes room for a new one, a good one stays."""

import sqlite3
import sys
from pathlib import Path

from tests.support import stack


def set_aside(folder: Path) -> str:
    return stack.run(sys.executable, str(stack.ROOT / "sentry" / "set_aside.py"), str(folder))


def made(folder: Path) -> Path:
    database = folder / "db.sqlite3"
    with sqlite3.connect(database) as connection:
        connection.execute("CREATE TABLE events (text)")
        connection.executemany("INSERT INTO events VALUES (?)", [("x" * 1000,)] * 200)
    return database


def test_a_good_database_stays(tmp_path: Path) -> None:
    database = made(tmp_path)
    before = database.read_bytes()
    assert set_aside(tmp_path) == ""
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"db.sqlite3": before}


def test_one_that_is_cut_is_set_aside_with_what_belongs_to_it_and_named(tmp_path: Path) -> None:
    database = made(tmp_path)
    with database.open("r+b") as file:
        file.truncate(database.stat().st_size // 2)
        file.seek(0, 2)
        file.write(b"\xff" * 64)
    (tmp_path / "db.sqlite3-journal").write_bytes(b"")
    assert "db.sqlite3 is damaged and was set aside as db.sqlite3.damaged-" in set_aside(tmp_path)
    assert not database.exists()
    assert all(".damaged-" in path.name for path in tmp_path.iterdir())
    assert set_aside(tmp_path) == ""
