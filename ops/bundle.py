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
from typing import Any

from ops import images, recipes
from ops.console import OpsError, output, say, step
from ops.stack import Stack

LIST = "bundle.json"
BLOBS = "blobs/sha256/"
CHUNK = 1 << 20
COPY_SECONDS = 1800


def references(stack: Stack) -> list[str]:
    """The images of every service that this machine can start, whatever its profile, and what they are built from."""
    services = stack.model["services"].values()
    found = {each["image"] for each in services if "needs-a-registry" not in each.get("profiles", [])}
    if stack.image_source == "local":
        # Without them `make up` would build them anew; the compiler it misses only when it has to compile.
        found |= {recipe.reference for recipe in recipes.recipes().values() if recipe.name != "toolchain"}
    return sorted(found)


def save(names: Iterable[str], file: Path) -> None:
    """Write the images of these names to `file`; raises OpsError when one isn't here."""
    if not file.name:
        raise OpsError("No file is named; expected where to put the images: `make bundle FILE=images.tar`.")
    wanted = list(names)
    missing = [image for image in wanted if not images.present(image)]
    if missing:
        raise OpsError(f"Not here: {', '.join(missing)}; expected every image of the stack. Run `make up` first.")
    unfinished = file.with_name(f"{file.name}.unfinished")
    try:
        with step(f"Saving {len(wanted)} images"):
            output(["docker", "save", "--output", str(unfinished), *wanted], timeout=COPY_SECONDS)
            with tarfile.open(unfinished, "r:") as archive:
                listed = _listed(archive)
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
        output(["docker", "load", "--input", str(file)], timeout=COPY_SECONDS)
    lost = [image for image in expected if not images.present(image)]
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
            expected = dict(_json(archive, LIST))
            listed = _listed(archive)
    except (tarfile.TarError, KeyError, ValueError, EOFError) as error:
        raise OpsError(f"{file} is no bundle ({error}); expected what `make bundle` wrote. {again}") from None
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


def _listed(archive: tarfile.TarFile) -> dict[str, str]:
    """The digest of each image's configuration by its name, as `docker save` wrote it down."""
    saved = _json(archive, "manifest.json")
    return {name: image["Config"].removeprefix(BLOBS) for image in saved for name in image["RepoTags"] or []}


def _json(archive: tarfile.TarFile, name: str) -> Any:
    """Raises KeyError when the archive has no such member."""
    content = archive.extractfile(name)
    return json.load(content) if content else {}
