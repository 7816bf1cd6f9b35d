"""The stack as seen from outside: is it up, where does it listen, what do its containers say."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from ops import paths, secrets, settings
from tests.support.services import PORT_SETTINGS
from tests.support.wait import NotSeenError

ROOT = paths.ROOT
START_SECONDS = 80 * 60  # a cold start builds every image where no container registry answers


class CommandError(AssertionError):
    """A command that a test needs failed; the text holds what it printed."""


def setting(name: str) -> str:
    """One setting as `make up` sees it: the environment, then .env, then the default in .env.example."""
    return loaded_settings()[name]


@cache
def loaded_settings() -> settings.Settings:
    return settings.load()


def url(service: str) -> str:
    """The published address of `service` on this machine."""
    return f"http://{loaded_settings().host}:{setting(PORT_SETTINGS[service])}"


def secret(name: str) -> str:
    return secrets.read(name, loaded_settings().secrets).strip()


def run(*command: str, timeout: float = 60, env: dict[str, str] | None = None, folder: Path = ROOT) -> str:
    """Run a command in the repository, or another checkout of it; a failure's text holds what it printed."""
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        env={**os.environ, **(env or {})},
    )
    if done.returncode != 0:
        printed = f"{done.stdout}\n{done.stderr}"
        raise CommandError(f"`{' '.join(command)}` ended with {done.returncode}, expected 0.\n{printed}")
    return done.stdout


def compose(*arguments: str, timeout: float = 60, env: dict[str, str] | None = None, folder: Path = ROOT) -> str:
    """`docker compose` with this stack's files and settings."""
    return run(sys.executable, "-m", "ops", "compose", *arguments, timeout=timeout, env=env, folder=folder)


def execute(service: str, *command: str, timeout: float = 60) -> str:
    """Run a command inside the running container of `service`."""
    return compose("exec", "-T", service, *command, timeout=timeout)


@contextmanager
def paused(service: str) -> Iterator[None]:
    """Freeze a service's process for a moment: its counters stand still.

    By signal, because the engine now and then forgets the health check of a container that it has paused.
    """
    compose("kill", "--signal", "STOP", service)
    try:
        yield
    finally:
        compose("kill", "--signal", "CONT", service)


def outside() -> str:
    """An address of the host that containers reach by the way out alone, as they reach another machine."""
    (network,) = json.loads(run("docker", "network", "inspect", f"{setting('PROJECT')}_egress"))
    return str(network["IPAM"]["Config"][0]["Gateway"])


def replicas() -> dict[str, list[dict[str, Any]]]:
    """What `docker inspect` says of each of the stack's containers, by service."""
    label = f"label=com.docker.compose.project={setting('PROJECT')}"
    ids = run("docker", "ps", "--all", "--quiet", "--filter", label).split()
    services: dict[str, list[dict[str, Any]]] = {}
    for each in json.loads(run("docker", "inspect", *ids)) if ids else []:
        services.setdefault(each["Config"]["Labels"]["com.docker.compose.service"], []).append(each)
    return {name: services[name] for name in sorted(services)}


def containers() -> dict[str, dict[str, Any]]:
    """Of services that have replicas, one of them."""
    return {name: found[0] for name, found in replicas().items()}


def inside(service: str, port: int) -> list[str]:
    """The addresses of a service's running containers, which no port publishes: this machine reaches them on Linux."""
    found = [each["NetworkSettings"]["Networks"] for each in replicas().get(service, [])]
    first = [next((each["IPAddress"] for each in networks.values() if each["IPAddress"]), "") for networks in found]
    return [f"http://{address}:{port}" for address in first if address]


def started_at(service: str) -> float:
    """When the container was last started, in Unix seconds."""
    moment = containers()[service]["State"]["StartedAt"]
    return datetime.fromisoformat(f"{moment[:19]}+00:00").timestamp()


@cache
def expected_services() -> tuple[str, ...]:
    """The services of the composition that this machine runs: files, settings and profiles applied."""
    return tuple(sorted(compose("config", "--services").split()))


def unready() -> dict[str, str]:
    """The services that are neither healthy nor one-shots that ended well: starting, unhealthy, exited N, absent …"""
    seen = {name: [_state(each) for each in found] for name, found in replicas().items()}
    ill = {
        name: [state for state in seen.get(name, ["absent"]) if state not in ("healthy", "done")]
        for name in expected_services()
    }
    return {name: ", ".join(states) for name, states in ill.items() if states}


def is_running() -> bool:
    """Whether any container of the stack runs; False too where no engine answers."""
    try:
        return any(each["State"]["Running"] for each in containers().values())
    except CommandError:
        return False


def ensure_up() -> None:
    """Start the stack if nothing of it runs. What else is ill is left alone: another test may have broken it."""
    if not is_running():
        start()


def start() -> None:
    """`make up`; its progress goes to the terminal."""
    done = subprocess.run((sys.executable, "-m", "ops", "up"), cwd=ROOT, timeout=START_SECONDS, check=False)
    expected_services.cache_clear()  # only `make up` decides where the images come from, and so which services run
    if done.returncode != 0:
        raise NotSeenError(f"`make up` ended with {done.returncode}, expected 0; its last lines say why.")
    if left := unready():
        raise NotSeenError(f"`make up` succeeded, but these services are not healthy: {left}")


def _state(container: dict[str, Any]) -> str:
    state = container["State"]
    if state["Status"] == "exited":
        ended_well = state["ExitCode"] == 0 and container["HostConfig"]["RestartPolicy"]["Name"] == "no"
        return "done" if ended_well else f"exited {state['ExitCode']}"
    health = state.get("Health", {}).get("Status")
    return str(health or state["Status"])
