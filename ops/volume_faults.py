"""Faults of the volume of a service: full, without inodes, read-only, and files of it that are damaged.

A volume is given a disk of its own for the time: an ext4 file system in a file, mounted over the volume's folder while
the service is stopped. `make mend` frees it, stops the service, puts the data back and starts it.
"""

import errno
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

from ops.console import OpsError, output
from ops.fault_acts import Act, Fault, nothing
from ops.stack import Stack

MIB = 256
FREE_INODES = 64
BALLAST = "erp-fault-ballast"
# What writes anew all that it knows every few seconds is given room before it is stopped: else that is lost.
WRITES_ANEW_SECONDS = {"alertmanager": 8}
NEEDS = "this fault needs root and loop devices on the machine of the engine"
# The volume of a service, and its folder of what is damaged.
VOLUMES = {
    "prometheus": "prometheus-data",
    "loki": "loki-data",
    "alertmanager": "alertmanager-data",
    "promtail": "promtail-positions",
    "bugsink": "bugsink-data",
    "erp-db": "erp-db-data",
    "erp-redis": "erp-redis-data",
}
# What is damaged, the newest file of a pattern below the service's volume.
DAMAGED = {
    "prometheus": ("the newest segment of the WAL", "wal/[0-9]*"),
    "loki": ("the newest segment of the WAL", "wal/[0-9]*"),
    "alertmanager": ("the log of what was told", "nflog"),
    "promtail": ("the file of positions", "positions.yaml"),
    "bugsink": ("the database", "*.sqlite3"),
    "erp-redis": ("the newest file of queued tasks", "appendonlydir/*.incr.aof"),
}


def folder(stack: Stack, service: str) -> Path:
    """Where the engine keeps the service's volume."""
    volume = f"{stack.project}_{VOLUMES[service]}"
    return Path(output(["docker", "volume", "inspect", "--format", "{{.Mountpoint}}", volume]).strip())


@contextmanager
def stopped(stack: Stack, service: str) -> Iterator[Path]:
    """The folder of the volume, while nothing writes to it."""
    stack.compose("stop", service, timeout=120)
    try:
        yield folder(stack, service)
    finally:
        stack.compose("start", service, timeout=120)


def _paths(stack: Stack, service: str) -> tuple[Path, Path]:
    """The file with the disk in it, and where it is mounted besides."""
    return stack.local / f"fault-{service}.img", stack.local / f"fault-{service}"


def _give_disk(stack: Stack, service: str, *, inodes: int | None = None) -> Path:
    image, mount = _paths(stack, service)
    mount.mkdir(parents=True, exist_ok=True)
    with stopped(stack, service) as volume:
        with image.open("wb") as file:
            file.truncate(MIB << 20)
        files = sum(1 for _ in volume.rglob("*"))
        options = ("-N", str(files + inodes)) if inodes else ()
        output(["mkfs.ext4", "-q", "-m", "0", *options, str(image)], needs=NEEDS)
        output(["mount", "-o", "loop,errors=remount-ro", str(image), str(mount)], needs=NEEDS)
        (mount / "lost+found").rmdir()
        output(["cp", "--archive", f"{volume}/.", str(mount)], timeout=120)
        output(["sync", "--file-system", str(mount)], timeout=120)  # a disk that fails keeps what it had
        output(["mount", "--bind", str(mount), str(volume)], needs=NEEDS)
    # Not one that is just starting: on a disk that can't be written to most don't come to run at all.
    stack.compose("up", "--detach", "--no-deps", "--no-recreate", "--wait", service, timeout=180)
    return mount


def remove(stack: Stack, service: str) -> None:
    """Free the disk, put what is on it into the volume, also after an interrupted fault."""
    image, mount = _paths(stack, service)
    if mount.is_mount():
        if service in WRITES_ANEW_SECONDS:
            _delete_ballast(mount)
            Event().wait(WRITES_ANEW_SECONDS[service])
        with stopped(stack, service) as volume:
            if volume.is_mount():
                output(["umount", str(volume)], needs=NEEDS)
            _delete_ballast(mount)  # the check needs an inode of its own
            # A disk that has failed is checked and mounted anew, as its owner would do.
            output(["umount", str(mount)], needs=NEEDS)
            output(["sh", "-c", f"e2fsck -y -f {image}; test $? -le 1"], needs=NEEDS)
            output(["mount", "-o", "loop", str(image), str(mount)], needs=NEEDS)
            _delete_ballast(mount)
            shutil.rmtree(mount / "lost+found", ignore_errors=True)
            for entry in volume.iterdir():
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
            output(["cp", "--archive", f"{mount}/.", str(volume)], timeout=120)
            output(["umount", str(mount)], needs=NEEDS)
    image.unlink(missing_ok=True)
    if mount.is_dir():
        mount.rmdir()


def _delete_ballast(mount: Path) -> None:
    """Nothing, where the disk has failed."""
    with suppress(OSError):
        for file in mount.glob(f"{BALLAST}*"):
            file.unlink()


def _fill(stack: Stack, service: str) -> None:
    mount = _give_disk(stack, service)
    for size in (16 << 20, 1 << 20, 4096):
        _write_until_full(mount, size)


def _use_up_inodes(stack: Stack, service: str) -> None:
    _write_until_full(_give_disk(stack, service, inodes=FREE_INODES), 0)


def _write_until_full(mount: Path, size: int) -> None:
    """Files of so many bytes, until there is no room for one more."""
    for number in range(MIB << 10):
        try:
            (mount / f"{BALLAST}-{size}-{number}").write_bytes(bytes(size))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            return


def _fail(stack: Stack, service: str) -> None:
    """As a disk that fails: the kernel lets it be read and no longer written."""
    mount = _give_disk(stack, service)
    output(["mount", "-o", "remount,abort", str(mount)], needs=NEEDS)


def _damage(stack: Stack, service: str) -> None:
    """As after a crash: cut the newest file to half, and put what is no record in its end."""
    _, pattern = DAMAGED[service]
    stack.compose("kill", "--signal", "KILL", service)  # one that ends well has all of it elsewhere, too
    with stopped(stack, service) as volume:
        found = sorted(volume.glob(pattern), key=lambda path: path.stat().st_mtime)
        if not found:
            raise OpsError(f"No file {pattern} in {volume}; expected one that {service} has written.")
        with found[-1].open("r+b") as file:
            file.truncate(found[-1].stat().st_size // 2)
            file.seek(0, 2)
            file.write(b"\xff" * 64)


def _of(act: Callable[[Stack, str], object], service: str) -> Act:
    return lambda stack: act(stack, service)


FAULTS: dict[str, Fault] = {
    f"{service}-disk-{name}": Fault(f"the volume of {service} {meaning}", _of(act, service), _of(remove, service))
    for service in VOLUMES
    for name, meaning, act in (
        ("full", "is full", _fill),
        ("inodes", "has no inode left", _use_up_inodes),
        ("read-only", "fails and can only be read", _fail),
    )
}
FAULTS |= {
    f"{service}-damaged": Fault(f"{what} of {service} is cut and damaged", _of(_damage, service), nothing)
    for service, (what, _) in DAMAGED.items()
}
