"""Fills a small volume of this machine: an ext4 file system in a file, which the node exporter sees like any other."""

import errno

from ops.console import output
from ops.paths import LOCAL
from ops.stack import Stack

FILE = LOCAL / "drill-disk.img"
MOUNT = LOCAL / "drill-disk"
MIB = 64
INODES = 64


def fill(stack: Stack) -> None:
    """Fill 97 % of the volume."""
    _make()
    free = int(_run("df", "--output=avail", "-B1", str(MOUNT)).split()[-1])
    with (MOUNT / "ballast").open("wb") as ballast:
        for _ in range(int(free * 0.97) >> 20):
            ballast.write(bytes(1 << 20))
    _show(stack)


def use_up_inodes(stack: Stack) -> None:
    """Create empty files until no inode is left."""
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
    """Undo either fault, also one that was interrupted."""
    if MOUNT.is_mount():
        # The exporter's mount namespace keeps the volume busy.
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
    """Restart the exporter: a running container doesn't see a mount that is made later."""
    stack.compose("restart", "node", timeout=60)


def _run(*command: str) -> str:
    return output(command, needs="this fault needs root and loop devices")
