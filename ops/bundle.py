"""All images of the stack in one file, for a machine that no registry reaches: `make bundle` here, `make load` there.

The file is what `docker save` writes: `docker load` alone reads it too. Everything in it is named by its digest, so
`make load` finds a damaged file before the engine gets to see it.
"""

import hashlib
import json
import tarfile
from collections.abc import Iterable
from pathlib import Path

from ops import engine, images, recipes
from ops.console import OpsError, output, say, step
from ops.stack import Stack

BLOBS = "blobs/sha256/"
CHUNK = 1 << 20
COPY_SECONDS = 1800


def references(stack: Stack) -> list[str]:
    """The images of every service that this machine can start, whatever its profile, and what they are built from."""
    services = stack.model["services"].values()
    found = {each["image"] for each in services if "needs-a-registry" not in each.get("profiles", [])}
    if stack.image_source == "local":
        # Without them `make up` would build them anew; the compiler it misses only when it has to compile.
        found |= {recipe.reference for recipe in recipes.of_the_stack() if recipe.name != "toolchain"}
    return sorted(found)


def save_all(stack: Stack, file: str) -> None:
    if not file:
        raise OpsError("No file is named; expected where to put the images: `make bundle FILE=images.tar`.")
    save(references(stack), Path(file))


def save(names: Iterable[str], file: Path) -> None:
    """Write the images of these names to `file`; raises OpsError when one isn't here."""
    wanted = list(names)
    missing = [image for image in wanted if not images.present(image)]
    if missing:
        raise OpsError(f"Not here: {', '.join(missing)}; expected every image of the stack. Run `make up` first.")
    unfinished = file.with_name(f"{file.name}.unfinished")
    try:
        with step(f"Saving {len(wanted)} images"):
            output(["docker", "save", "--output", str(unfinished), *wanted], timeout=COPY_SECONDS)
        unfinished.rename(file)
    finally:
        unfinished.unlink(missing_ok=True)
    say(f"{file}: {file.stat().st_size / 1e9:.1f} GB, {len(wanted)} images. There: `make load FILE={file.name}`.")


def load(name: str) -> None:
    """Check the file and give its images to the engine."""
    file = Path(name)
    if not file.is_file():
        found = name or "is named"
        raise OpsError(f"No file {found}; expected what `make bundle` wrote. Say where it is: `make load FILE=…`.")
    engine.ensure()
    with step(f"Checking {file.name}"):
        expected = check(file)
    with step(f"Loading {len(expected)} images"):
        output(["docker", "load", "--input", str(file)], timeout=COPY_SECONDS)
    lost = [image for image in expected if not images.present(image)]
    if lost:
        raise OpsError(f"`docker load` succeeded, but these images are not here: {', '.join(lost)}.")
    say("\n".join(expected))


def check(file: Path) -> list[str]:
    """The names of its images; raises OpsError when anything in it is not what its name says."""
    again = "Make it anew with `make bundle` and copy it again."
    try:
        with tarfile.open(file, "r:") as archive:
            for member in archive:
                if member.isfile() and member.name.startswith(BLOBS):
                    found = _digest(archive, member)
                    if found != member.name.removeprefix(BLOBS):
                        raise OpsError(f"{file}: {member.name} is damaged, its content's digest is {found}. {again}")
            manifest = archive.extractfile("manifest.json")
            saved = json.load(manifest) if manifest else []
    except (tarfile.TarError, KeyError, ValueError, EOFError) as error:
        raise OpsError(f"{file} is no bundle ({error}); expected what `make bundle` wrote. {again}") from None
    return [name for image in saved for name in image["RepoTags"] or []]


def _digest(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    content = archive.extractfile(member)
    found = hashlib.sha256()
    while content is not None and (part := content.read(CHUNK)):
        found.update(part)
    return found.hexdigest()
