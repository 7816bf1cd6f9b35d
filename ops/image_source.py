"""Decides once whether all images are official or built here, and keeps the decision in .local/image-source."""

from ops import images, recipes
from ops.console import OpsError, capture, run_logged, say, step
from ops.paths import DECISION, LOGS
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


def remembered(settings: Settings) -> str:
    """The decision without asking any registry: for commands that only look."""
    if settings["IMAGE_SOURCE"] != "auto":
        return settings["IMAGE_SOURCE"]
    return DECISION.read_text(encoding="utf-8").strip() if DECISION.is_file() else "official"


def _probe(settings: Settings) -> str:
    wanted = Stack(settings, "official").official_images
    missing = [image for image in wanted if not images.present(image)]
    if not missing:
        return "official"
    pulled = capture(["docker", "pull", "--quiet", missing[0]], timeout=PROBE_SECONDS)
    if pulled.returncode == 0:
        return "official"
    reason = pulled.stderr.strip().splitlines()[-1] if pulled.stderr.strip() else "no answer"
    say(
        f"No container registry gives out {missing[0]} ({reason}). Every image is built here instead, from Debian "
        "packages, Go modules, npm and PyPI. IMAGE_SOURCE=official in .env insists on the registry."
    )
    return "local"


def provide(stack: Stack) -> None:
    """Have every image of the stack here; raises OpsError when one can't be had."""
    if stack.image_source == "local":
        images.build_all()
        return
    _pull(stack.official_images)
    with step(f"Building {' and '.join(image.rstrip(':') for image in OWN_IMAGES)}"):
        run_logged(
            [*stack.command, "--profile", "*", "build", "erp-web", "inbox", "gateway-guard"],
            log=LOGS / "compose-build.log",
            title="docker compose build",
            env=stack.environment,
        )


def provide_some(stack: Stack) -> None:
    """Have the images of the services of this Compose model, and of no other."""
    if stack.image_source == "local":
        images.build_all({each["image"] for each in stack.model["services"].values()})
    else:
        _pull(sorted({each["image"] for each in stack.model["services"].values()}))


def _pull(wanted: list[str]) -> None:
    missing = [image for image in wanted if not images.present(image)]
    for number, image in enumerate(missing, 1):
        with step(f"Pulling {number}/{len(missing)}: {image}"):
            pulled = capture(["docker", "pull", "--quiet", image], timeout=1800)
        if pulled.returncode != 0:
            raise OpsError(
                f"The registry didn't give out {image}: {pulled.stderr.strip()}. Run the same command again when it "
                "answers, or set IMAGE_SOURCE=local in .env to build every image here."
            )
