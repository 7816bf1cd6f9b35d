"""`make pin`: writes the digest of each official image's tag into images/digests.toml, as a registry answers it."""

import http.client
import json
import os
import socket

from ops import digests
from ops.console import OpsError, say, step
from ops.settings import Settings
from ops.settings import load as load_settings
from ops.stack import OWN_IMAGES, SOCKET, Stack

ANSWER_SECONDS = 60


class Engine(http.client.HTTPConnection):
    """The engine's API, on its socket: no command of `docker` asks a registry by way of the engine's mirrors."""

    def __init__(self) -> None:
        super().__init__("localhost", timeout=ANSWER_SECONDS)

    def connect(self) -> None:
        host = os.environ.get("DOCKER_HOST", f"unix://{SOCKET}")
        if not host.startswith("unix://"):
            raise OpsError(f"DOCKER_HOST={host!r}: expected the engine of this machine, such as unix://{SOCKET}.")
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(ANSWER_SECONDS)
        self.sock.connect(host.removeprefix("unix://"))


def ask(image: str) -> str:
    """The digest of a tag, by the engine's mirrors and registries; raises OpsError with what these said."""
    engine = Engine()
    try:
        engine.request("GET", f"/v1.44/distribution/{image}/json")
        answer = json.load(engine.getresponse())
    except (OSError, ValueError) as error:
        raise OpsError(f"the engine doesn't answer: {error}") from None
    finally:
        engine.close()
    digest = answer.get("Descriptor", {}).get("digest", "")
    if not digests.DIGEST.fullmatch(digest):
        raise OpsError(answer.get("message") or f"found {answer}, expected a digest")
    return str(digest)


def every_official(settings: Settings) -> list[str]:
    """The official images of every service, whatever its profile."""
    stack = Stack(settings, "official")
    listed = stack.compose("--profile", "*", "config", "--images").split()
    return sorted({image for image in listed if not image.startswith(OWN_IMAGES)})


def pin() -> int:
    """Exit code 1 when a tag couldn't be asked for: it keeps the digest that it had."""
    wanted = every_official(load_settings())
    before = digests.pinned()
    found, refused = {}, {}
    with step(f"Asking for the digests of {len(wanted)} tags"):
        for image in wanted:
            try:
                found[image] = ask(image)
            except OpsError as error:
                refused[image] = str(error)
    kept = {image: digest for image, digest in before.items() if image in refused}
    for image, reason in refused.items():
        say(f"    {image}: {'keeps its digest' if image in kept else 'not pinned'} ({reason})")
    if not found:
        raise OpsError(
            f"No registry gave a digest; expected those of {len(wanted)} tags. images/digests.toml is as it was. Run "
            "`make pin` where a registry answers."
        )
    digests.write(found | kept)
    changed = [image for image, digest in found.items() if before.get(image) != digest]
    say(f"images/digests.toml has {len(found | kept)} of {len(wanted)} tags, {len(changed)} of them new or changed.")
    return 1 if refused else 0
