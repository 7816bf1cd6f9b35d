"""`make up`: from whatever state this machine is in to a running, healthy stack."""

import re
import shutil
import time

from ops import application_files, engine, gateway, image_source, machine, ports, release, secrets, switched_off, urls
from ops.console import OpsError, capture, output, say
from ops.lock import alone
from ops.paths import ROOT
from ops.settings import PORTS, Settings
from ops.settings import load as load_settings
from ops.stack import Stack, foreign_folder, of_project
from ops.start import start

MEMORY_BYTES = 3 * 1024**3
DISK_BYTES = 3 * 1024**3
LISTED_SECONDS = 5.0  # from the moment a container has its port to the engine's listing it


def up(*, is_dev: bool = False) -> None:
    with alone("stack"):
        _up(is_dev=is_dev)


def _up(*, is_dev: bool) -> None:
    started = time.monotonic()
    chosen, engine_started = prepare(is_dev=is_dev)
    restart_what_is_broken(chosen, engine_started=engine_started)
    finish(chosen)
    say(f"\nUp after {time.monotonic() - started:.0f} s.\n")
    urls.show(chosen)


def prepare(*, is_dev: bool = False) -> tuple[Stack, bool]:
    """Have engine, images and secrets; what runs stays as it is. The second answer: whether the engine was started."""
    check_machine()
    engine_started = engine.ensure()
    settings = load_settings()  # by Compose, which `ensure` may have had to install
    if is_dev and not settings.has_sample:
        raise OpsError("SAMPLE=off: `make dev` is for the sample ERP; this needs SAMPLE=on.")
    # After the engine has started: it knows which of the taken ports are the stack's own.
    check_ports(settings)
    chosen = Stack(settings, image_source.decide(settings), is_dev=is_dev)
    check_secrets_and_volumes(settings)
    secrets.ensure(settings, settings.secrets)
    tell_of_another_folder(settings)
    application_files.take_over(ROOT, settings.secrets)
    _ = chosen.model
    image_source.provide(chosen)
    if settings["GATEWAY"] == "on":
        gateway.ensure_users(chosen)
    return chosen, engine_started


def finish(chosen: Stack) -> None:
    """Start what doesn't run as the files say, and stop what is switched off."""
    switched_off.stop(chosen)
    start(chosen)
    switched_off.end_silences(chosen)
    release.record(chosen.settings)


def check_machine() -> None:
    memory = machine.memory_bytes()
    if memory < MEMORY_BYTES:
        raise OpsError(
            f"Too little memory: found {memory / 1024**3:.1f} GiB, expected {MEMORY_BYTES / 1024**3:.0f} GiB for the "
            "whole stack. Give the machine more."
        )
    free = shutil.disk_usage(ROOT).free
    if free < DISK_BYTES:
        raise OpsError(
            f"Too little disk: found {free / 1024**3:.1f} GiB free at {ROOT}, expected {DISK_BYTES / 1024**3:.0f} GiB. "
            "Free some space and run `make up` again."
        )


def check_ports(settings: Settings) -> None:
    """Every port that the stack publishes has to be free, or already the stack's own.

    A container that is just starting holds its port a moment before the engine lists it.
    """
    deadline = time.monotonic() + LISTED_SECONDS
    while True:
        try:
            return _check_ports(settings, _own_ports(settings))
        except OpsError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.5)


def _check_ports(settings: Settings, own: set[int]) -> None:
    names = {service: name for name, service in PORTS.items()}
    for service, port in settings.ports.items():
        if port not in own:
            ports.check(settings["BIND"] if service == "gateway" else settings.bind, port, service, names[service])


def _own_ports(settings: Settings) -> set[int]:
    listed = output(["docker", "ps", "--filter", of_project(settings["PROJECT"]), "--format", "{{.Ports}}"])
    return {int(port) for port in re.findall(r":(\d+)->", listed)}


def check_secrets_and_volumes(settings: Settings) -> None:
    """Refuse to make new secrets beside old volumes: new passwords don't open old data."""
    if (settings.secrets / ".complete").exists() or not volumes_exist(settings):
        return
    if other := foreign_folder(settings):
        raise OpsError(
            f"The stack {settings['PROJECT']} runs from {other}; expected it from {ROOT}: new passwords wouldn't open "
            "its data. For a second stack set PROJECT in .env here to another name; to move the first one here, copy "
            "its secrets."
        )
    raise OpsError(
        f"The secrets are missing from {settings.secrets}, but the stack's data volumes exist: new passwords wouldn't "
        "open them. Put the secrets back from your backup, or `make clean` (which deletes all data) and start anew. If "
        "they are the data of another clone, set PROJECT in .env here to another name."
    )


def volumes_exist(settings: Settings) -> bool:
    return bool(output(["docker", "volume", "ls", "-q", "--filter", of_project(settings["PROJECT"])]).strip())


def tell_of_another_folder(settings: Settings) -> None:
    """Whoever has copied the secrets means to take the stack over, or doesn't know of PROJECT."""
    if other := foreign_folder(settings):
        say(
            f"The stack {settings['PROJECT']} was started from {other}: this takes its containers and data over. For a "
            "second stack set PROJECT in .env here to another name."
        )


def restart_what_is_broken(chosen: Stack, *, engine_started: bool) -> None:
    """Restart unhealthy containers: Compose leaves a running container as it is.

    The socket proxy too when the engine was started anew: it would still hold the former engine's socket.
    """
    for container in chosen.containers():
        if container["Health"] == "unhealthy" or (engine_started and container["Service"] == "socket-proxy"):
            say(f"    {container['Service']} is {container['Status']}: restarting it")
            capture(["docker", "restart", container["Name"]], timeout=120)
