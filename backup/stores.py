"""Copies of what the stores have on their disks, made while they run; in a container, as the store's own user.

`python3 stores.py copy STORE` makes /stores/STORE/.backup/kept and prints what is in it, `describe STORE` prints what
is in a volume that was filled again. Files that never change are hard links: they cost no disk.
"""

import hashlib
import json
import os
import re
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

STORES = Path("/stores")
ATTEMPTS = 20
BLOCK = re.compile(r"[0-9A-Z]{26}")
CHUNK = 1 << 20
SPARE_BYTES = 256 * 1024**2
MAINTENANCE_SECONDS = 30.0
Place = Callable[[Path, Path], object]


class StoreError(Exception):
    """A sentence: what was found, what was expected."""


def kept(name: str) -> Path:
    return STORES / name / ".backup" / "kept"


def take(source: Path, target: Path, place: Place, left_out: str = r"\.backup|.*\.tmp") -> None:
    """Copy or link a folder's regular files, top down; FileNotFoundError where one vanishes before its turn."""
    target.mkdir(parents=True)
    for entry in sorted(os.scandir(source), key=lambda each: each.name):
        if re.fullmatch(left_out, entry.name):
            continue
        if entry.is_dir(follow_symlinks=False):
            take(Path(entry.path), target / entry.name, place, left_out)
        elif entry.is_file(follow_symlinks=False):
            place(Path(entry.path), target / entry.name)


def copy(source: Path, target: Path) -> None:
    shutil.copy2(source, target)


def copy_used(source: Path, target: Path) -> None:
    """Without the hole at its end: Badger makes files of 2 GB before it fills them, and cuts them when it stops."""
    with source.open("rb") as reader, target.open("xb") as writer:
        size = os.fstat(reader.fileno()).st_size
        end = 0
        while end < size and (start := _next_data(reader.fileno(), end)) is not None:
            end = os.lseek(reader.fileno(), start, os.SEEK_HOLE)
            _copy_range(reader, writer, start, end)
        writer.truncate(min(size, end + CHUNK))  # zeros at the end of a record may be part of the hole
    shutil.copystat(source, target)


def _next_data(descriptor: int, position: int) -> int | None:
    try:
        return os.lseek(descriptor, position, os.SEEK_DATA)
    except OSError:  # there is none behind it
        return None


def _copy_range(reader: BinaryIO, writer: BinaryIO, start: int, end: int) -> None:
    reader.seek(start)
    writer.seek(start)
    while start < end:
        part = reader.read(min(CHUNK, end - start))
        if not part:
            raise FileNotFoundError("it became shorter")  # and is copied anew
        writer.write(part)
        start += len(part)


def link(source: Path, target: Path) -> None:
    os.link(source, target)


def sqlite(source: Path, target: Path) -> None:
    """By SQLite's own backup: one moment of the database, whoever writes meanwhile."""
    with sqlite3.connect(source, timeout=60) as reader, sqlite3.connect(target) as writer:
        reader.backup(writer)


def prometheus() -> None:
    """The log of what isn't in a block yet, then the blocks: a block made meanwhile is there twice, never not at all.

    Another Prometheus then opens the copy and makes a snapshot of it.
    """
    source, target = STORES / "prometheus", kept("prometheus").with_name("copy")
    for name in ("wal", "wbl"):
        if (source / name).exists():
            take(source / name, target / name, copy)
    for block in sorted(source.iterdir()):
        if BLOCK.fullmatch(block.name):
            take(block, target / block.name, link)


def loki() -> None:
    """The log of lines first, then the index, then the chunks: what leaves one for the next is there twice at most."""
    source, target = STORES / "loki", kept("loki")
    for name, place in (("wal", copy), ("tsdb-shipper-active", copy), ("chunks", link), ("compactor", copy)):
        if (source / name).exists():
            take(source / name, target / name, place)


def alertmanager() -> None:
    """Silences and notification log as it writes them every 5 s, of a time after this began."""
    source, target = STORES / "alertmanager", kept("alertmanager")
    started = time.time()
    wanted = [source / "nflog", source / "silences"]
    while old := [path.name for path in wanted if not path.exists() or path.stat().st_mtime < started]:
        if time.time() - started > MAINTENANCE_SECONDS:
            raise StoreError(
                f"Alertmanager hasn't written {' and '.join(old)} for {MAINTENANCE_SECONDS:.0f} s; expected it every "
                "5 s. `make logs SERVICE=alertmanager` says why."
            )
        time.sleep(0.5)
    take(source, target, copy)


def bugsink() -> None:
    """Events not yet saved, then the queue that names them, then the database: one saved meanwhile is refused later."""
    queue = STORES / "bugsink-queue"
    take(queue, kept("bugsink-queue"), copy, r"\.backup|.*\.sqlite3(-.*)?")
    sqlite(queue / "snappea.sqlite3", kept("bugsink-queue") / "snappea.sqlite3")
    kept("bugsink").mkdir(parents=True)
    sqlite(STORES / "bugsink" / "db.sqlite3", kept("bugsink") / "db.sqlite3")


def jaeger() -> None:
    """As Badger's documentation has it: copy, and again when its tables or their list changed meanwhile."""
    source = STORES / "jaeger"
    before = _tables(source)
    take(source, kept("jaeger"), copy_used, r"\.backup|LOCK")
    if _tables(source) != before:
        raise FileNotFoundError("Badger's tables changed")


def _tables(folder: Path) -> set[tuple[str, int, int]]:
    found = [*folder.rglob("*.sst"), *folder.rglob("MANIFEST")]
    return {(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in found if ".backup" not in path.parts}


def promtail() -> None:
    take(STORES / "promtail", kept("promtail"), copy)


def grafana() -> None:
    """Its database; nothing where the preview takes its place."""
    database = STORES / "grafana" / "grafana.db"
    if database.exists():
        kept("grafana").mkdir(parents=True)
        sqlite(database, kept("grafana") / "grafana.db")


def gateway() -> None:
    """Certificates, and the authority that hosts with an agent trust."""
    take(STORES / "gateway", kept("gateway"), copy)


COPIES: dict[str, Callable[[], None]] = {
    "prometheus": prometheus,
    "loki": loki,
    "alertmanager": alertmanager,
    "bugsink": bugsink,
    "jaeger": jaeger,
    "promtail": promtail,
    "grafana": grafana,
    "gateway": gateway,
}
VOLUMES = {name: (name, "bugsink-queue") if name == "bugsink" else (name,) for name in COPIES}
"""The volumes of each store."""


def copy_store(name: str) -> dict[str, object]:
    """A whole copy; made again when a store removed a file between its listing and its copy."""
    _check_disk(name)
    for _ in range(ATTEMPTS):
        remove(name)
        try:
            COPIES[name]()
            return describe(name)
        except FileNotFoundError as error:
            last = error
    raise StoreError(f"{name} removed files in each of {ATTEMPTS} copies, at last {last}; expected one without.")


def _check_disk(name: str) -> None:
    """Room for a copy of all files but those that are linked."""
    for volume in VOLUMES[name]:
        root = STORES / volume
        linked = ("chunks",) if name == "loki" else ()
        parts = [
            path for path in root.iterdir() if path.name not in (*linked, ".backup") and not BLOCK.fullmatch(path.name)
        ]
        needed = sum(_bytes(path) for part in parts for path in (part, *part.rglob("*"))) + SPARE_BYTES
        free = shutil.disk_usage(root).free
        if free < needed:
            raise StoreError(
                f"Too little disk for a copy of {volume}: found {free / 1e6:.0f} MB free, expected {needed / 1e6:.0f} "
                "MB."
            )


def _bytes(path: Path) -> int:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return 0
    return min(found.st_size, found.st_blocks * 512)


def describe(name: str, folder: Callable[[str], Path] = kept) -> dict[str, object]:
    """By volume: its owner and mode, and of the copy the number of files, bytes and a digest of names and contents."""
    found: dict[str, object] = {}
    for volume in VOLUMES[name]:
        if folder(volume).exists():
            root = (STORES / volume).stat()
            files = sorted(_files(folder(volume)))
            digest = hashlib.sha256()
            for path in files:
                digest.update(f"{path.relative_to(folder(volume))}\0{_digest(path)}\n".encode())
            found[volume] = {
                "user": f"{os.geteuid()}:{os.getegid()}",
                "owner": f"{root.st_uid}:{root.st_gid}",
                "mode": f"{root.st_mode & 0o7777:04o}",
                "files": len(files),
                "bytes": sum(map(_bytes, files)),
                "digest": digest.hexdigest(),
            }
    return found


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file() and ".backup" not in path.relative_to(folder).parts)


def _digest(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def keep_snapshot() -> dict[str, object]:
    """The one snapshot that the other Prometheus made becomes what is kept."""
    snapshots = list((kept("prometheus").with_name("copy") / "snapshots").iterdir())
    if len(snapshots) != 1:
        raise StoreError(f"Prometheus made {len(snapshots)} snapshots of its copy, expected one.")
    snapshots[0].rename(kept("prometheus"))
    shutil.rmtree(kept("prometheus").with_name("copy"))
    return describe("prometheus")


def remove(name: str) -> None:
    for volume in VOLUMES[name]:
        shutil.rmtree(kept(volume).parent, ignore_errors=True)


def write_metrics(text: str) -> None:
    """For node's textfile collector, which must not see half a file."""
    fresh = STORES / "backup-metrics" / "backup.new"
    fresh.write_text(text, encoding="utf-8")
    fresh.chmod(0o644)
    fresh.rename(fresh.with_name("backup.prom"))


def main(action: str, name: str) -> None:
    actions: dict[str, Callable[[], object]] = {
        "copy": lambda: copy_store(name),
        "keep-snapshot": keep_snapshot,
        "describe": lambda: describe(name, STORES.joinpath),
        "write-metrics": lambda: write_metrics(name),
    }
    sys.stdout.write(json.dumps(actions[action]()))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except (StoreError, OSError, sqlite3.Error) as error:
        sys.exit(str(error))
