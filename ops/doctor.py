"""`make doctor`: what is missing, wrong or weak on this machine, in sentences."""

import shutil
from collections.abc import Callable, Iterator

from ops import engine, image_source, images, machine, secrets, up
from ops.console import OpsError, say
from ops.paths import ROOT
from ops.settings import Settings
from ops.settings import load as load_settings
from ops.stack import Stack

COMFORTABLE_MEMORY = 6 * 1024**3
LOOPBACK_SAFE_ENGINE = (28, 0)
# Seen with Debian's Podman 5.4.2 as root, or from its documentation; no more than that is known.
PODMAN = (
    "Works: through Podman's socket Docker's client answers and `docker compose config` reads this stack's files; "
    "`podman compose` does too, for it runs Docker's Compose.",
    "Doesn't: images are built here by buildx, which needs an engine with BuildKit, and Podman has Buildah. Podman's "
    "default log driver is no json-file, so log lines aren't kept and rotated as compose.common.yaml says.",
    "Doesn't without a link: the socket proxy mounts /var/run/docker.sock. Podman's is /run/podman/podman.sock (for "
    "root the package podman-docker has the link), or $XDG_RUNTIME_DIR/podman/podman.sock.",
    "Rootless: limits of memory need cgroup 2 and controllers that systemd delegates to the user.",
    "Nothing else was tried: `make up` refuses Podman.",
)


def doctor() -> int:
    """Print every finding; the exit code is 1 when something would stop `make up`, else 0."""
    wrong = _attempt(up.check_machine) + _attempt(engine_answers)
    if shutil.which("docker") is None and (ROOT / ".env").is_file():
        say("MISSING  .env can be checked once Docker is here: Compose reads it.")
        return 1 if wrong else 0
    try:
        settings = load_settings()
    except OpsError as error:
        say(f"WRONG    {error}")
        return 1
    wrong += _attempt(lambda: secrets_usable(settings))
    if engine.answer() is None:
        wrong += _attempt(lambda: up.check_ports(settings))
        wrong += _attempt(lambda: up.check_secrets_and_volumes(settings))
        wrong += _attempt(lambda: Stack(settings, image_source.remembered(settings)).model)
        wrong += _attempt(cache_size)
    if engine.answer() is None and engine.podman():
        for sentence in PODMAN:
            say(f"PODMAN   {sentence}")
    for sentence in weaknesses(settings):
        say(f"WEAK     {sentence}")
    if not wrong:
        say("OK       Nothing stands in the way of `make up`.")
    return 1 if wrong else 0


def _attempt(check: Callable[[], object]) -> int:
    try:
        check()
    except OpsError as error:
        say(f"WRONG    {error}")
        return 1
    return 0


def engine_answers() -> None:
    problem = engine.answer()
    if problem is None:
        engine.check_versions(mend=False)
        return
    if machine.is_debian() and machine.is_root():
        say(f"MISSING  No Docker engine answers ({problem}); `make up` installs and starts one.")
        return
    raise OpsError(f"No Docker engine answers ({problem}), and only root on Debian gets one installed. Start yours.")


def secrets_usable(settings: Settings) -> None:
    if not (settings.secrets / ".complete").exists():
        say("MISSING  No secrets yet; `make up` makes them.")
        return
    secrets.ensure(settings, settings.secrets)


def cache_size() -> None:
    say(
        f"CACHE    The build cache of this engine has {images.build_cache()}. It spares the next build its compiling "
        "and isn't needed to run; `make clean-cache` deletes it."
    )


def weaknesses(settings: Settings) -> Iterator[str]:
    """What works, but not as well or as safely as it could."""
    if settings.bind not in ("127.0.0.1", "::1"):
        yield (
            f"BIND={settings['BIND']} publishes every page on the network, most of them without a log-in. "
            "Set GATEWAY=on, which puts TLS and a log-in in front of them (docs/gateway.md), or BIND=127.0.0.1."
        )
    if engine.answer() is None:
        version = engine.server_version()
        if engine.numbers(version) < LOOPBACK_SAFE_ENGINE:
            yield (
                f"Docker engine {version}: before 28, ports published on 127.0.0.1 can be reached from the same "
                "network segment. Upgrade it, or have a firewall drop such packets."
            )
    if machine.memory_bytes() < COMFORTABLE_MEMORY:
        yield f"{machine.memory_bytes() / 1024**3:.1f} GiB of memory: with 6 GiB builds are quicker."
    if image_source.remembered(settings) == "local":
        yield "Images were built here, so Grafana is missing; with a registry: rm .local/image-source, then `make up`."
    if shutil.disk_usage(ROOT).free < 15 * 1024**3:
        yield "Less than 15 GiB of disk are free: metrics and logs may take up to that."
    if settings.is_sandbox:
        yield "ENV=sandbox: notifications go to the inbox and Mailpit on this machine, to nobody else."
