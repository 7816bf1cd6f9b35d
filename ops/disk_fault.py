"""A small volume of this machine, filled: an ext4 file system in a file, seen by the node exporter like any other."""

from __future__ import annotations

from ops.console import OpsError, capture
from ops.paths import LOCAL
from ops.stack import Stack

FILE = LOCAL / "drill-disk.img"
MOUNT = LOCAL / "drill-disk"
MIB = 64


def fill(stack: Stack) -> None:
    """Make the volume, mount it, fill it to 97 %, and have the node exporter look again."""
    MOUNT.mkdir(parents=True, exist_ok=True)
    with FILE.open("wb") as image:
        image.truncate(MIB << 20)
    _run("mkfs.ext4", "-q", "-m", "0", str(FILE))
    _run("mount", "-o", "loop", str(FILE), str(MOUNT))
    free = int(_run("df", "--output=avail", "-B1", str(MOUNT)).split()[-1])
    with (MOUNT / "ballast").open("wb") as ballast:
        for _ in range(int(free * 0.97) >> 20):
            ballast.write(bytes(1 << 20))
    # A mount made later isn't seen in a container that is there already.
    stack.compose("restart", "node", timeout=60)


def remove(stack: Stack) -> None:
    """Undo it, however far `fill` came."""
    if MOUNT.is_mount():
        # The exporter's own namespace holds the volume as well.
        stack.compose("stop", "node", timeout=60)
        _run("umount", str(MOUNT))
    FILE.unlink(missing_ok=True)
    if MOUNT.is_dir():
        MOUNT.rmdir()
    stack.compose("start", "node", timeout=60)


def _run(*command: str) -> str:
    done = capture(list(command), timeout=60)
    if done.returncode != 0:
        raise OpsError(f"`{' '.join(command)}` failed: {done.stderr.strip()}; this fault needs root and loop devices.")
    return done.stdout
