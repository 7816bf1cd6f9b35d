"""The digests of official images, images/digests.toml: `make pin` writes what a registry answers, and never a guess."""

import json
import re
import tomllib

from ops.console import OpsError, capture
from ops.paths import IMAGES

FILE = IMAGES / "digests.toml"
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
HEAD = """\
# The digest of each official image's tag, as a registry answered it: `make pin` writes this. `make up` pulls by the
# digest; a tag without a line is pulled by the tag alone. Renovate changes a line together with its tag.
[digests]
"""


def pinned() -> dict[str, str]:
    """Digest by image; raises OpsError when the file holds anything else."""
    found: dict[str, str] = tomllib.loads(FILE.read_text(encoding="utf-8"))["digests"]
    for image, digest in found.items():
        if not DIGEST.fullmatch(digest):
            raise OpsError(
                f"images/digests.toml: {image} has {digest!r}, expected sha256: and 64 digits. `make pin` writes it."
            )
    return found


def of_registry(image: str) -> list[str]:
    """The digests by which registries know an image that is here; empty where it came from none."""
    form = "{{json .RepoDigests}}"
    shown = capture(["docker", "image", "inspect", "--format", form, image])
    named = json.loads(shown.stdout) or [] if shown.returncode == 0 else []
    return [each.partition("@")[2] for each in named]


def write(found: dict[str, str]) -> None:
    lines = [f'"{image}" = "{digest}"\n' for image, digest in sorted(found.items())]
    FILE.write_text(HEAD + "".join(lines), encoding="utf-8")
