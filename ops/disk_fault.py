"""Fills a small volume of this machine: an ext4 file system in a file, which the node exporter sees like any other."""

import errno
from pathlib import Path

from ops.console import output
from ops.stack import Stack

MIB = 64
INODES = 64


def fill(stack: Stack) -> None:
    """Fill 97 % of the volume."""
    mount = _make(stack)
    free = int(_run("df", "--output=avail", "-B1", str(mount)).split()[-1])
    with (mount / "ballast").open("wb") as ballast:
        for _ in range(int(free * 0.97) >> 20):
            ballast.write(bytes(1 << 20))
    _show(stack)


def use_up_inodes(stack: Stack) -> None:
    """Create empty files until no inode is left."""
    mount = _make(stack, "-N", str(INODES))
    for number in range(INODES):
        try:
            (mount / str(number)).touch()
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            break
    _show(stack)


def remove(stack: Stack) -> None:
    """Undo either fault, also one that was interrupted."""
    file, mount = _paths(stack)
    if mount.is_mount():
        # The exporter's mount namespace keeps the volume busy.
        stack.compose("stop", "node", timeout=60)
        _run("umount", str(mount))
    file.unlink(missing_ok=True)
    if mount.is_dir():
        mount.rmdir()
    stack.compose("start", "node", timeout=60)


def _paths(stack: Stack) -> tuple[Path, Path]:
    """The file with the volume in it, and where it is mounted."""
    return stack.local / "drill-disk.img", stack.local / "drill-disk"


def _make(stack: Stack, *options: str) -> Path:
    """The folder where the volume is mounted."""
    file, mount = _paths(stack)
    mount.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as image:
        image.truncate(MIB << 20)
    _run("mkfs.ext4", "-q", "-m", "0", *options, str(file))
    _run("mount", "-o", "loop", str(file), str(mount))
    return mount


def _show(stack: Stack) -> None:
    """Restart the exporter: a running container doesn't see a mount that is made later."""
    stack.compose("restart", "node", timeout=60)


def _run(*command: str) -> str:
    return output(command, needs="this fault needs root and loop devices")
