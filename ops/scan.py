"""`make scan`: known vulnerabilities of the stack's images and packages, by the scanners that are on this machine.

It names what it couldn't look at, and ends with 1 then: only what a scanner has looked at can be clean.
"""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ops.console import say, step
from ops.paths import ROOT
from ops.stack import Stack

IMAGE_SCANNERS = {
    "trivy": ("image", "--scanners=vuln", "--severity=HIGH,CRITICAL", "--ignore-unfixed", "--exit-code=1"),
    "grype": ("--only-fixed", "--fail-on=high"),
}
PREVIEW = ROOT / "grafana" / "preview"


@dataclass(frozen=True)
class Look:
    """One call of a scanner, which ends with 0 when it found nothing."""

    title: str
    command: tuple[str, ...]
    folder: Path = ROOT


def scan(stack: Stack) -> int:
    """Exit code 1 when a scanner found something, failed, or isn't here."""
    absent = list(_absent())
    looks = [*_images(stack), *_python_packages(), *_npm_packages()]
    bad = []
    for number, look in enumerate(looks, 1):
        with step(f"{number}/{len(looks)}: {look.title}"):
            done = subprocess.run(look.command, cwd=look.folder, check=False)
        if done.returncode != 0:
            bad.append(f"{look.title}: `{look.command[0]}` ended with {done.returncode}, its lines above say why.")
    for sentence in [*bad, *absent]:
        say(sentence)
    if not bad and not absent:
        say(f"{len(looks)} looks, and no scanner found anything.")
    return 1 if bad or absent else 0


def _absent() -> Iterator[str]:
    if not _scanner():
        yield "Images: not scanned. Found neither trivy nor grype on the PATH; expected one of them. Install one."
    if not shutil.which("pip-audit"):
        yield "Python packages: not scanned. Found no pip-audit on the PATH. `pipx install pip-audit`."
    if not shutil.which("npm"):
        yield "npm packages: not scanned. Found no npm on the PATH. Install Node.js."


def _scanner() -> str:
    return next((name for name in IMAGE_SCANNERS if shutil.which(name)), "")


def _images(stack: Stack) -> Iterator[Look]:
    if name := _scanner():
        images = {each["image"] for each in stack.model["services"].values()}
        for image in sorted(images):
            yield Look(f"{name} {image}", (name, *IMAGE_SCANNERS[name], image))


def locks() -> list[Path]:
    """The lock files of what is in our own images."""
    return sorted(file for file in ROOT.glob("[!.]*/**/requirements.txt") if "tests" not in file.parts)


def _python_packages() -> Iterator[Look]:
    # Without --strict it calls a package clean that it has no advisories of.
    if shutil.which("pip-audit"):
        for lock in locks():
            name = str(lock.relative_to(ROOT))
            yield Look(f"pip-audit {name}", ("pip-audit", "--strict", "--disable-pip", "--require-hashes", "-r", name))


def _npm_packages() -> Iterator[Look]:
    if shutil.which("npm"):
        yield Look("npm audit of the preview's page", ("npm", "audit", "--omit=dev"), PREVIEW)
