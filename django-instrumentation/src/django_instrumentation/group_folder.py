"""The folder that the processes of one group share for their metrics files, and nobody else writes to.

All of them hold the lock `group.lock` together: the first one, which gets it for itself, deletes what an earlier group
of that name left. Groups of which nobody is alive are removed.
"""

import errno
import fcntl
import hashlib
import os
import re
import stat
import sys
import tempfile
import time
from pathlib import Path

from django_instrumentation.file_lock import open_lock, try_lock

LOCK = "group.lock"
LOCK_SECONDS = 5.0
ATTEMPTS = 20
FILES = (".db", ".new", ".damaged", ".list")
NETWORK = Path("/proc/self/ns/net")
"""Its inode is the number of this container's network: an address such as 0.0.0.0:8000 is unique in there only."""

ADDRESSES = re.compile(r"UVICORN_.*|GUNICORN_CMD_ARGS|(.*_)?PORT")
"""Variables that differ between servers of one command line."""


def of_server(service: str) -> str:
    """The group of a web server without hooks: the same in all its workers, forked or spawned, and in no other server.

    multiprocessing gives a spawned worker the command line of its parent as sys.argv.
    """
    variables = sorted(each for each in os.environ.items() if ADDRESSES.fullmatch(each[0]))
    return f"web-{service}-{_digest(repr((sys.argv, _working_folder(), variables)))}"


def _working_folder() -> Path | None:
    """None where it was deleted, such as with the release before this one."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:12]


def spare() -> Path:
    """Where this user's metrics go when the folder that is given can't be used."""
    return Path(tempfile.gettempdir(), f"django-instrumentation-{os.geteuid()}")


def join(base: Path, group: str) -> tuple[Path, int]:
    """The group's folder and its lock, shared with all processes of the group; OSError when it can't be used."""
    network = NETWORK.stat().st_ino if NETWORK.exists() else 0
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", group).strip("-")[:60]  # two groups may have this part in common
    folder = base / "-".join((readable, _digest(group), str(network)))
    deadline = time.monotonic() + LOCK_SECONDS
    attempts = 0
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _refuse_anothers(folder)
            lock = _share(folder / LOCK, deadline)
        except (FileNotFoundError, FileExistsError):
            # Another process, which took the group for dead, may just have removed it.
            attempts += 1
            if attempts == ATTEMPTS:
                raise
            time.sleep(0.01)
            continue
        if lock is not None:
            break
        if time.monotonic() > deadline:
            raise TimeoutError(errno.ETIMEDOUT, f"{folder / LOCK} is locked by another process")
    _remove_dead_groups(base)
    return folder, lock


def problem(base: Path) -> str | None:
    """Why no group could have its folder in there, or None. Nothing is made: it may be another user who asks."""
    try:
        existing = next(each for each in (base, *base.absolute().parents) if each.exists())
        with tempfile.TemporaryFile(dir=existing) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file.write(b" " * (1 << 16))
            file.flush()
    except OSError as error:
        return f"The metrics folder {base} can't be used ({error.strerror})"
    return None


def _refuse_anothers(folder: Path) -> None:
    """A folder that another user can exchange, or whose files may be links, must not be written to."""
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(errno.ENOTDIR, f"{folder} is a link")
    if status.st_uid != os.geteuid():
        raise PermissionError(errno.EPERM, f"{folder} belongs to the user {status.st_uid}, not {os.geteuid()}")


def _share(path: Path, deadline: float) -> int | None:
    """A shared lock on the file; None when the file was removed, or not to be had in time."""
    lock = open_lock(path)
    try:
        if try_lock(lock, fcntl.LOCK_EX) and os.fstat(lock).st_nlink:
            _wipe(path.parent, *FILES)
        while not try_lock(lock, fcntl.LOCK_SH):
            if time.monotonic() > deadline:
                break
            time.sleep(0.01)
        else:
            if os.fstat(lock).st_nlink:
                return lock
    except OSError:
        os.close(lock)
        raise
    os.close(lock)
    return None


def _remove_dead_groups(base: Path) -> None:
    for path in base.glob(f"*/{LOCK}"):
        try:
            _refuse_anothers(path.parent)
            lock = open_lock(path)
        except OSError:
            continue
        try:
            # Another process may have removed the group since; what lies there now is the next one's.
            if try_lock(lock, fcntl.LOCK_EX) and os.fstat(lock).st_nlink:
                _wipe(path.parent, *FILES, ".lock")
                path.parent.rmdir()
        except OSError:
            continue  # a file that isn't ours, for example
        finally:
            os.close(lock)


def _wipe(folder: Path, *suffixes: str) -> None:
    for file in folder.iterdir():
        if file.suffix in suffixes and (file.is_symlink() or not file.is_dir()):
            file.unlink(missing_ok=True)
