"""What `make doctor` and `make up` say where Podman answers Docker's client: Debian's, in a container of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from tempfile import TemporaryDirectory

import pytest

from ops.paths import ROOT
from tests.support import parts, stack
from tests.support.wait import eventually

NAME = "erp-podman-test"
VERSION = ("docker", "version", "--format", "{{.Server.Version}}")
pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def podman() -> Iterator[dict[str, str]]:
    """The environment in which `docker` asks Podman."""
    image = parts.image("podman")
    with TemporaryDirectory() as folder:
        host = {"DOCKER_HOST": f"unix://{folder}/podman.sock"}
        options = ["--detach", "--name", NAME, "--network=none", "--memory=256m", f"--volume={folder}:/run/podman"]
        stack.run("docker", "run", *options, "--security-opt=seccomp=unconfined", "--cap-add=SYS_ADMIN", image)
        try:
            eventually(lambda: stack.run(*VERSION, env=host), "Podman to answer", 30)
            yield host
        finally:
            stack.run("docker", "rm", "--force", "--volumes", NAME)


def make(command: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ops", command],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_doctor_says_what_works_with_podman_and_what_does_not(podman: dict[str, str]) -> None:
    said = make("doctor", podman)
    assert said.returncode == 1
    assert "WRONG    Podman 5." in said.stdout
    assert "PODMAN   Works: " in said.stdout
    assert "PODMAN   Nothing else was tried" in said.stdout


def test_up_refuses_podman_before_it_touches_anything(podman: dict[str, str]) -> None:
    said = make("up", podman)
    assert said.returncode == 1
    assert "answers in Docker's place: expected Docker Engine 25" in said.stderr


def test_compose_reads_the_files_through_podmans_socket(podman: dict[str, str]) -> None:
    listed = stack.run("docker", "compose", "--profile", "*", "config", "--services", env=podman)
    assert {"prometheus", "erp-web", "gateway"} <= set(listed.split())
