"""A container registry of Debian's on this machine's loopback, and the engine's mirror that leads to it."""

import json
import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.support import parts, stack
from tests.support.ports import free_port
from tests.support.wait import eventually

DAEMON = Path("/etc/docker/daemon.json")
BEFORE = DAEMON.with_name("daemon.json.before-the-test")
MIRRORS = "registry-mirrors"
ASKED = re.compile(r'"(?:GET|HEAD) /v2/(\S+)/manifests/([^\s:]+) .+ "docker/')
PID_FILES = (Path("/run/docker.pid"), Path("/var/run/docker.pid"))


@dataclass(frozen=True)
class Registry:
    container: str
    port: int

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def push(self, image: str, name: str) -> None:
        """Have the image here and in the registry as `name`; only the registry keeps it."""
        reference = f"{self.address}/{name}"
        stack.run("docker", "tag", image, reference)
        try:
            stack.run("docker", "push", "--quiet", reference, timeout=300)
        finally:
            stack.run("docker", "image", "rm", reference)

    def digest(self, name: str) -> str:
        """What the registry itself says that the tag's digest is."""
        repository, _, tag = name.rpartition(":")
        kinds = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"
        url = f"http://{self.address}/v2/{repository}/manifests/{tag}"
        answer = requests.head(url, headers={"Accept": kinds}, timeout=10)
        answer.raise_for_status()
        return answer.headers["Docker-Content-Digest"]

    def asked_for(self) -> set[str]:
        """What an engine asked for, such as shop/noise:1, whether or not it was given out.

        It asks for the tag's digest by HEAD, and for a manifest that it still knows by that digest by nothing more.
        """
        log = stack.run("sh", "-c", f"docker logs {self.container} 2>&1")
        return {f"{name}:{tag}" for name, tag in ASKED.findall(log)}


@contextmanager
def running() -> Iterator[Registry]:
    port = free_port()
    name = f"erp-registry-test-{port}"
    command = ["docker", "run", "--detach", "--name", name, "--memory=256m", "--cap-drop=ALL"]
    stack.run(*command, f"--publish=127.0.0.1:{port}:5000", parts.image("registry"))
    try:
        found = Registry(name, port)
        eventually(lambda: requests.get(f"http://{found.address}/v2/", timeout=5).ok, "the registry to answer", 30)
        yield found
    finally:
        stack.run("docker", "rm", "--force", "--volumes", name)


@contextmanager
def as_mirror(registry: Registry) -> Iterator[None]:
    """Have the engine ask this registry first for what is Docker Hub's, without a restart; as before afterwards."""
    assert os.geteuid() == 0, "The engine's settings are root's: found another user. Run this test as root."
    if BEFORE.exists():  # left by a run that was killed
        BEFORE.replace(DAEMON)
    text = DAEMON.read_text(encoding="utf-8") if DAEMON.exists() else None
    settings: dict[str, Any] = json.loads(text or "{}")
    if text is not None:
        BEFORE.write_text(text, encoding="utf-8")
    try:
        _load({**settings, MIRRORS: [f"http://{registry.address}"]})
        yield
    finally:
        # The engine keeps an option that is merely missing.
        _load({MIRRORS: [], **settings})
        if text is None:
            DAEMON.unlink()
        else:
            BEFORE.replace(DAEMON)


def _load(settings: dict[str, Any]) -> None:
    DAEMON.parent.mkdir(exist_ok=True)
    DAEMON.write_text(json.dumps(settings), encoding="utf-8")
    pid = next(int(file.read_text(encoding="utf-8")) for file in PID_FILES if file.exists())
    os.kill(pid, signal.SIGHUP)

    def mirrors() -> list[str]:
        known = json.loads(stack.run("docker", "info", "--format", "{{json .RegistryConfig.Mirrors}}")) or []
        return [each.rstrip("/") for each in known]

    eventually(mirrors, f"the engine's mirrors to be {settings[MIRRORS]}", 15, until=settings[MIRRORS].__eq__)
