"""Pulls official images: says how far it is, takes what images/digests.toml has pinned, and explains a refusal."""

import re
import time

from ops import digests, images
from ops.console import OpsError, capture, output, run_logged, step
from ops.paths import LOGS

LAYER = re.compile(r"^([0-9a-f]{12}): (.+)$")
DONE = ("Pull complete", "Already exists")
UNKNOWN = re.compile(r"manifest unknown|manifest for .* not found|repository does not exist|: not found$")
REFUSED = re.compile(r"unauthorized|denied|authentication required")
# The engine waits for ever for a registry that has fallen silent.
LONGEST_SECONDS = 1800.0
NOTHING_STARTED = "Nothing was started; what has been pulled is kept."


class Layers:
    """How many of an image's layers are here, from the lines of `docker pull`."""

    def __init__(self) -> None:
        self._states: dict[str, str] = {}

    def describe(self, line: str) -> str | None:
        found = LAYER.match(line)
        if found is None:
            return None
        self._states[found[1]] = found[2]
        done = sum(state in DONE for state in self._states.values())
        return f"{done} of {len(self._states)} layers"


def pull_missing(wanted: list[str]) -> None:
    """Have each of these images here; raises OpsError with a sentence for the first that can't be had."""
    pinned = digests.pinned()
    missing = [image for image in wanted if not is_here(image, pinned.get(image))]
    for number, image in enumerate(missing, 1):
        with step(f"Pulling {number}/{len(missing)}: {image}"):
            _pull(image, pinned.get(image))


def is_here(image: str, digest: str | None) -> bool:
    """Whether the engine has the image, of that digest where one is pinned.

    What `make load` brought has no digest of a registry: the bundle's own were checked.
    """
    if not images.present(image):
        return False
    known = digests.of_registry(image)
    return digest is None or not known or digest in known


def _pull(image: str, digest: str | None) -> None:
    name = image if digest is None else f"{image}@{digest}"
    log = LOGS / "pull.log"
    started = time.monotonic()
    try:
        run_logged(
            ["docker", "pull", name],
            log=log,
            title=f"Pulling {image}",
            describe=Layers().describe,
            limit=LONGEST_SECONDS,
        )
    except OpsError:
        said = (log.read_text(encoding="utf-8").strip().splitlines() or ["no answer"])[-1]
        if time.monotonic() - started >= LONGEST_SECONDS:
            said = f"not whole after {LONGEST_SECONDS:.0f} s; the last that came was: {said}"
        raise OpsError(_sentence(name, said.removeprefix("Error response from daemon: "))) from None
    if digest is not None:  # a pull by digest gives no tag, and by its tag Compose and `make bundle` know an image
        output(["docker", "tag", f"{image.rpartition(':')[0]}@{digest}", image])


def _sentence(name: str, said: str) -> str:
    if UNKNOWN.search(said):
        return (
            f"No registry that this engine asks has {name} ({said}); expected the tag that the Compose file names, and "
            f"the digest that images/digests.toml has for it. {NOTHING_STARTED} Correct the tag, or have your mirror "
            "take it in; after a new tag `make pin`."
        )
    if REFUSED.search(said):
        return (
            f"The registry refuses {name} ({said}); expected one that gives it out to this machine. {NOTHING_STARTED} "
            "`docker login` first, then run the same command again."
        )
    return (
        f"The registry didn't give out {name}: {said}. {NOTHING_STARTED} Run the same command again when it answers, "
        "or set IMAGE_SOURCE=local in .env to build every image here."
    )


def refusal(image: str, seconds: float) -> str:
    """What the registry says in place of giving out this image; empty when it gave it out."""
    pulled = capture(["docker", "pull", "--quiet", image], timeout=seconds)
    if pulled.returncode == 0:
        return ""
    return (pulled.stderr.strip().splitlines() or ["no answer"])[-1]
