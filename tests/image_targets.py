"""Stages of our own images that only tests need, built when their recipe has changed."""

import sys

from ops import images, recipes
from ops.commands import current
from ops.console import OpsError, step


def build(name: str, target: str) -> str:
    """The reference of the stage `target` of a recipe's Dockerfile, on the base that this stack's images have."""
    recipe = recipes.recipes()[name]
    stack = current()
    if stack.image_source == "local":
        base = recipes.recipes()[recipe.base or "base"].reference
    else:
        base = stack.model["services"]["alertmanager-config"]["image"]
    reference = f"{recipes.PREFIX}/{name}-{target}:{recipe.digest}"
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
