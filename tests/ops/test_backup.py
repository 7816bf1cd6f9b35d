"""What `make backup` and `make restore` refuse at once, and the copies of files that change meanwhile."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from backup import stores
from ops import backup, repository, restore
from ops.commands import current
from ops.console import OpsError
from ops.paths import ROOT
from tests.ops.conftest import Ops
from tests.support.compose_model import services

WHOLE = {"format": 1, "commit": "abc", "images": {}}


def manifest(**changed: Any) -> dict[str, Any]:
    return {**WHOLE, "project": current().project, **changed}


def test_both_sides_know_the_same_stores() -> None:
    assert set(repository.STORES) == set(stores.COPIES)


def test_every_volume_is_kept_or_made_anew() -> None:
    kept = {volume for names in stores.VOLUMES.values() for volume in names}
    mounted = {mount.split(":")[1] for mount in services()["backup"]["volumes"]}
    assert {f"/stores/{volume}" for volume in (*kept, "backup-metrics")} == mounted
    assert services()["backup-copy"]["volumes"][:-1] == services()["backup"]["volumes"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "No folder is named; expected the one of `make backup`"),
        (("nowhere",), "expected the one that `make backup` wrote to. Name it by FROM=."),
        (("README.md",), "README.md is a file; expected a folder for backups"),
        (("docs",), "found no file `config` in it"),
        (("s3:bucket",), "'s3:bucket' is no folder; expected one on this machine"),
    ],
)
def test_restore_refuses_what_is_no_folder_with_backups(ops: Ops, arguments: tuple[str, ...], sentence: str) -> None:
    done = ops("restore", *arguments)
    assert done.returncode == 1
    assert sentence in done.stderr


def test_restore_wants_a_passphrase(ops: Ops, checkout: Path) -> None:
    (checkout / "kept").mkdir()
    (checkout / "kept" / "config").touch()
    done = ops("restore", "kept", str(checkout / "nothing"))
    assert f"No passphrase: found no file {checkout / 'nothing'}; expected" in done.stderr


def test_backup_refuses_a_folder_with_other_files(ops: Ops) -> None:
    done = ops("backup", "docs")
    assert "holds files and no backups; expected an empty folder" in done.stderr


def test_a_stack_that_does_not_run_is_not_backed_up(ops: Ops) -> None:
    done = ops("backup", "kept", PROJECT="not-there", PORT_OFFSET="0")
    assert "Not running: alertmanager" in done.stderr


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"format": 2}, "has format 2, expected at most 1: a newer version"),
        ({"project": "elsewhere"}, "is of the stack elsewhere; expected one of"),
        ({"images": {"loki": "grafana/loki:99.0.1"}}, r"newer programs than this checkout runs: loki 99.0.1 \(here"),
    ],
)
def test_a_backup_that_cannot_be_read_here_is_refused(changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(OpsError, match=sentence):
        restore.check(current(), manifest(**changed))


def test_a_backup_of_this_checkout_is_taken() -> None:
    images = {name: current().model["services"][name]["image"] for name in ("loki", "prometheus", "erp-db")}
    restore.check(current(), manifest(images=images))


@pytest.mark.parametrize(
    ("there", "here", "newer"),
    [
        ("postgres:17.11-trixie", "erp-observability/postgres:17-0123456789ab", False),
        ("postgres:18.1-trixie", "erp-observability/postgres:17-0123456789ab", True),
        ("prom/prometheus:v3.13.5", "prom/prometheus:v3.13.5", False),
        ("prom/prometheus:v3.13.5", "prom/prometheus:v3.14.0", False),
        ("prom/prometheus:v3.14.0", "prom/prometheus:v3.13.5", True),
    ],
)
def test_which_version_is_newer(there: str, here: str, *, newer: bool) -> None:
    assert restore.is_newer(there, here) is newer


@pytest.fixture
def volumes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(stores, "STORES", tmp_path)
    return tmp_path


def test_a_copy_is_made_again_when_a_file_vanishes(volumes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chunks = volumes / "loki" / "chunks"
    chunks.mkdir(parents=True)
    for name in ("a", "b"):
        (chunks / name).write_text(name)

    def vanishing(link: Callable[[Path, Path], object]) -> Callable[[Path, Path], object]:
        def once(source: Path, target: Path) -> None:
            (chunks / "b").unlink(missing_ok=True)
            link(source, target)

        return once

    monkeypatch.setattr(stores, "link", vanishing(os.link))
    assert stores.copy_store("loki")["loki"] == stores.describe("loki")["loki"]
    assert [path.name for path in stores.kept("loki").rglob("*") if path.is_file()] == ["a"]


def test_a_changed_file_has_another_digest(volumes: Path) -> None:
    positions = volumes / "promtail" / "positions.yaml"
    positions.parent.mkdir()
    positions.write_text("one")
    first = stores.copy_store("promtail")
    positions.write_text("two")
    assert stores.copy_store("promtail") != first


def test_a_hole_at_the_end_is_left_out(volumes: Path) -> None:
    source = volumes / "000001.vlog"
    with source.open("wb") as file:
        file.write(b"span" * 1000)
        file.truncate(2**31 - 2)
    stores.copy_used(source, volumes / "copy")
    assert (volumes / "copy").stat().st_size < 2**22
    assert (volumes / "copy").read_bytes().rstrip(b"\0") == b"span" * 1000


def test_a_database_is_copied_while_it_is_written(volumes: Path) -> None:
    with sqlite3.connect(volumes / "db.sqlite3") as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("CREATE TABLE issue (id INTEGER)")
        writer.commit()
        writer.execute("INSERT INTO issue VALUES (1)")
        writer.commit()
        writer.execute("INSERT INTO issue VALUES (2)")
        stores.sqlite(volumes / "db.sqlite3", volumes / "copy.sqlite3")
    assert sqlite3.connect(volumes / "copy.sqlite3").execute("SELECT id FROM issue").fetchall() == [(1,)]


def test_alertmanager_that_writes_nothing_is_told(volumes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (volumes / "alertmanager").mkdir()
    monkeypatch.setattr(stores, "MAINTENANCE_SECONDS", 0.1)
    with pytest.raises(stores.StoreError, match="hasn't written nflog and silences"):
        stores.copy_store("alertmanager")


def test_files_of_the_checkout_that_are_kept_are_those_that_git_ignores() -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {f"/{pattern}" for pattern in backup.OWN_FILES} <= set(ignored)
