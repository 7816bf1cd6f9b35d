"""Stages of our own images that only tests need, built when their recipe has changed."""

import sys

from ops import image_source, images, recipes
from ops.commands import current
from ops.console import OpsError, step

NEXT_PYTHON = "python-next"


def build(name: str, target: str, *, on: str = "") -> str:
    """The reference of the stage `target` of a recipe's Dockerfile.

    Its base is what this stack's images have, or the recipe that `on` names.
    """
    recipe = recipes.recipes()[name]
    base = _base(on or recipe.base or "base")
    version = f"{recipe.digest}-{recipes.recipes()[on].digest}" if on else recipe.digest
    reference = f"{recipes.PREFIX}/{name}-{target}:{version}"
    if not images.present(reference):
        with step(f"Building {name} for {target}"):
            images.docker_build(
                reference,
                recipe.folder,
                {"BASE_IMAGE": base},
                log=f"{name}-{target}",
                target=target,
                contexts=recipe.other_folders,
            )
    return reference


def _base(name: str) -> str:
    stack = current()
    recipe = recipes.recipes()[name]
    if stack.image_source == "local":
        images.build_all({recipe.reference})
        return recipe.reference
    return f"python:{recipe.version}-slim" if name == NEXT_PYTHON else image_source.python(stack)


def check_preview() -> int:
    """Types and format of the preview's page: exit code 0 when its Dockerfile's stage `check` can be built."""
    try:
        build("preview", "check")
    except OpsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(check_preview())
