"""A small volume of this machine, used up: an ext4 file system in a file, seen by the node exporter like any other."""

from __future__ import annotations

import errno

from ops.console import output
from ops.paths import LOCAL
from ops.stack import Stack

FILE = LOCAL / "drill-disk.img"
MOUNT = LOCAL / "drill-disk"
MIB = 64
INODES = 64


def fill(stack: Stack) -> None:
    """To 97 % of its room."""
    _make()
    free = int(_run("df", "--output=avail", "-B1", str(MOUNT)).split()[-1])
    with (MOUNT / "ballast").open("wb") as ballast:
        for _ in range(int(free * 0.97) >> 20):
            ballast.write(bytes(1 << 20))
    _show(stack)


def use_up_inodes(stack: Stack) -> None:
    """With as many empty files as it takes."""
    _make("-N", str(INODES))
    for number in range(INODES):
        try:
            (MOUNT / str(number)).touch()
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            break
    _show(stack)


def remove(stack: Stack) -> None:
    """Undo either, however far it came."""
    if MOUNT.is_mount():
        # The exporter's own namespace holds the volume as well.
        stack.compose("stop", "node", timeout=60)
        _run("umount", str(MOUNT))
    FILE.unlink(missing_ok=True)
    if MOUNT.is_dir():
        MOUNT.rmdir()
    stack.compose("start", "node", timeout=60)


def _make(*options: str) -> None:
    MOUNT.mkdir(parents=True, exist_ok=True)
    with FILE.open("wb") as image:
        image.truncate(MIB << 20)
    _run("mkfs.ext4", "-q", "-m", "0", *options, str(FILE))
    _run("mount", "-o", "loop", str(FILE), str(MOUNT))


def _show(stack: Stack) -> None:
    """A mount made later isn't seen in a container that is there already."""
    stack.compose("restart", "node", timeout=60)


def _run(*command: str) -> str:
    return output(command, needs="this fault needs root and loop devices")
