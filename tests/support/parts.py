"""Images that tests alone need: a folder with a Dockerfile on the image that has Python alone."""

import hashlib
from pathlib import Path

from ops import image_source, images, recipes
from ops.commands import current

SUPPORT = Path(__file__).parent


def image(name: str) -> str:
    """The reference of the image of NAME_parts, built when a file of it, or what it is built on, has changed."""
    parts, base = SUPPORT / f"{name}_parts", image_source.python(current())
    digest = hashlib.sha256(base.encode())
    for path in sorted(parts.iterdir()):
        digest.update(path.read_bytes())
    reference = f"{recipes.PREFIX}/{name}-test:{digest.hexdigest()[:12]}"
    if not images.present(reference):
        images.docker_build(reference, parts, {"BASE_IMAGE": base}, log=f"{name}-test")
    return reference
