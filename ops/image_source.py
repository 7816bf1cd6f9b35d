"""Decides once whether all images are official or built here, and keeps the decision in .local/image-source."""

from collections.abc import Iterable
from typing import Any

from ops import images, pull, recipes
from ops.console import say, step
from ops.paths import DECISION
from ops.settings import Settings
from ops.stack import OWN_IMAGES, Stack

PROBE_SECONDS = 90


def decide(settings: Settings) -> str:
    """`official` or `local`; IMAGE_SOURCE forces one, else the remembered decision, else what is found."""
    forced = settings["IMAGE_SOURCE"]
    if forced != "auto":
        return forced
    if DECISION.is_file() and DECISION.read_text(encoding="utf-8").strip() in ("official", "local"):
        return DECISION.read_text(encoding="utf-8").strip()
    decision = _probe(settings)
    DECISION.parent.mkdir(parents=True, exist_ok=True)
    DECISION.write_text(f"{decision}\n", encoding="utf-8")
    return decision


def python(stack: Stack) -> str:
    """The image with Python alone, from which images that no service has are built."""
    if stack.image_source == "local":
        return recipes.recipes()["python"].reference
    return str(stack.model["services"]["alertmanager-config"]["image"])


def have(stack: Stack, name: str) -> str:
    """The reference of the image of a recipe that no service has, built if it isn't here."""
    recipe = recipes.recipes()[name]
    if not images.present(recipe.reference):
        with step(f"Building the image of {name}"):
            images.docker_build(recipe.reference, recipe.folder, {"BASE_IMAGE": python(stack)}, log=name)
    return recipe.reference


def remembered(settings: Settings) -> str:
    """The decision without asking any registry: for commands that only look."""
    if settings["IMAGE_SOURCE"] != "auto":
        return settings["IMAGE_SOURCE"]
    return DECISION.read_text(encoding="utf-8").strip() if DECISION.is_file() else "official"


def _probe(settings: Settings) -> str:
    wanted = Stack(settings, "official").official_images
    missing = images.absent(wanted)
    refusal = pull.refusal(missing[0], PROBE_SECONDS) if missing else ""
    if not refusal:
        return "official"
    say(
        f"No container registry gives out {missing[0]} ({refusal}). Every image is built here instead, from Debian "
        "packages, Go modules, npm and PyPI. IMAGE_SOURCE=official in .env insists on the registry."
    )
    return "local"


def provide(stack: Stack) -> None:
    """Have every image of the stack here; raises OpsError when one can't be had."""
    if stack.image_source == "local":
        images.build_all()
        if stack.settings["SCALE"] == "on":
            provide_some(stack, stack.model["services"].values())
        return
    pull.pull_missing(stack.official_images)
    for prefix in OWN_IMAGES:
        recipe = recipes.recipes()[prefix.rpartition("/")[2].rstrip(":")]
        # Not by Compose, which would hand over none of this machine's certificates and package indexes.
        with step(f"Building {recipe.name}"):
            reference = f"{prefix}{stack.settings['VERSION']}"
            arguments = {"BASE_IMAGE": python(stack)}
            images.docker_build(reference, recipe.folder, arguments, log=recipe.name, contexts=recipe.other_folders)


def provide_some(stack: Stack, services: Iterable[dict[str, Any]]) -> None:
    """Have the images of these services of a Compose model, and of no other."""
    wanted = {each["image"] for each in services}
    if stack.image_source == "local":
        images.build_all(wanted)
    else:
        pull.pull_missing(sorted(wanted))
