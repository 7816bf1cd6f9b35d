"""All images of the stack in one file, for a machine that no registry reaches: `make bundle` here, `make load` there.

The file is what `docker save` writes, with a list of its images added: `docker load` alone reads it too. Everything in
it is named by its digest, so `make load` finds a damaged or foreign file before the engine gets to see it.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable
from pathlib import Path

from ops import recipes
from ops.console import OpsError, capture, say, step
from ops.stack import Stack

LIST = "bundle.json"
BLOBS = "blobs/sha256/"
CHUNK = 1 << 20


def references(stack: Stack) -> list[str]:
    """The images of every service that this machine can start, whatever its profile, and what they are built from."""
    services = stack.model["services"].values()
    found = {each["image"] for each in services if "needs-a-registry" not in each.get("profiles", [])}
    if stack.source == "local":
        # Without them `make up` would build them anew; the compiler it misses only when it has to compile.
        found |= {recipe.reference for recipe in recipes.recipes().values() if recipe.name != "toolchain"}
    return sorted(found)


def save(images: Iterable[str], file: Path) -> None:
    """Write `images` to `file`; raises OpsError when one isn't here."""
    wanted = list(images)
    missing = [image for image in wanted if capture(["docker", "image", "inspect", image]).returncode != 0]
    if missing:
        raise OpsError(f"Not here: {', '.join(missing)}; expected every image of the stack. Run `make up` first.")
    unfinished = file.with_name(f"{file.name}.unfinished")
    try:
        with step(f"Saving {len(wanted)} images"):
            _docker("save", "--output", str(unfinished), *wanted)
            listed = _listed(unfinished)
            text = json.dumps({image: listed[image] for image in wanted}, indent=1).encode()
            with tarfile.open(unfinished, "a") as archive:
                member = tarfile.TarInfo(LIST)
                member.size = len(text)
                archive.addfile(member, io.BytesIO(text))
        unfinished.rename(file)
    finally:
        unfinished.unlink(missing_ok=True)
    say(f"{file}: {file.stat().st_size / 1e9:.1f} GB, {len(wanted)} images. There: `make load FILE={file.name}`.")


def load(file: Path) -> list[str]:
    """Check `file` and give its images to the engine; their names."""
    if not file.is_file():
        raise OpsError(f"No file {file}; expected what `make bundle` wrote. Say where it is: `make load FILE=…`.")
    with step(f"Checking {file.name}"):
        expected = check(file)
    with step(f"Loading {len(expected)} images"):
        _docker("load", "--input", str(file))
    lost = [image for image in expected if capture(["docker", "image", "inspect", image]).returncode != 0]
    if lost:
        raise OpsError(f"`docker load` succeeded, but these images are not here: {', '.join(lost)}.")
    say("\n".join(expected))
    return list(expected)


def check(file: Path) -> dict[str, str]:
    """The digest of each image's configuration by its name; raises OpsError when anything is not what its name says."""
    again = "Make it anew with `make bundle` and copy it again."
    try:
        with tarfile.open(file, "r:") as archive:
            for member in archive:
                if member.isfile() and member.name.startswith(BLOBS):
                    found = _digest(archive, member)
                    if found != member.name.removeprefix(BLOBS):
                        raise OpsError(f"{file}: {member.name} is damaged, its content's digest is {found}. {again}")
            stored = archive.extractfile(LIST)
            expected = dict(json.load(stored)) if stored else {}
    except (tarfile.TarError, KeyError, ValueError, EOFError) as error:
        raise OpsError(f"{file} is no bundle ({error}); expected what `make bundle` wrote. {again}") from None
    listed = _listed(file)
    foreign = [image for image, digest in expected.items() if listed.get(image) != digest]
    if foreign or not expected:
        raise OpsError(f"{file} doesn't hold what its list says: {', '.join(foreign) or 'no image'}. {again}")
    return expected


def _digest(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    content = archive.extractfile(member)
    found = hashlib.sha256()
    while content is not None and (part := content.read(CHUNK)):
        found.update(part)
    return found.hexdigest()


def _listed(file: Path) -> dict[str, str]:
    """The digest of each image's configuration by its name, as `docker save` wrote it down."""
    with tarfile.open(file, "r:") as archive:
        manifest = archive.extractfile("manifest.json")
        images = json.load(manifest) if manifest else []
    return {name: image["Config"].removeprefix(BLOBS) for image in images for name in image["RepoTags"] or []}


def _docker(*arguments: str) -> None:
    done = capture(["docker", *arguments], timeout=1800)
    if done.returncode != 0:
        raise OpsError(f"`docker {arguments[0]}` failed: {done.stderr.strip()}.")
