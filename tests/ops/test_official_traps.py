"""What official images would have met first: traps that were read in their sources, each with what keeps out of it.

Two more are in test_start.py: a one-shot that nothing waits for, and an interrupted first start of PostgreSQL.
"""

import threading
import uuid
from pathlib import Path

import pytest

from grafana.tests import stand_in
from ops import image_source
from ops.commands import _copy_from_image, current
from tests.e2e import test_data_sources
from tests.support import grafana, stack
from tests.support.compose_model import services

RECIPE = """
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
RUN mkdir /data && echo %s > /data/marker
VOLUME /data
"""
MEBIBYTES = {"m": 1, "g": 1024}
# Whole programs, larger than those built here: Telegraf with every plugin, Grafana's server under slow queries.
NEEDED = {"grafana": 1024, "telegraf": 256}


@pytest.mark.parametrize("name", NEEDED)
def test_memory_is_enough_for_the_whole_program(name: str) -> None:
    limit = services()[name]["mem_limit"]
    assert int(limit[:-1]) * MEBIBYTES[limit[-1]] >= NEEDED[name]


def test_alertmanager_is_asked_by_grafanas_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack, "secret", lambda _: "password")
    with stand_in.serve(("127.0.0.1", 0), "password") as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        client = grafana.Grafana(f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setattr(test_data_sources, "Grafana", lambda: client)
        assert "unavailable" in client.health("alertmanager")
        assert test_data_sources.ask_grafana("alertmanager", "alertmanager") == "OK"
        server.shutdown()


def test_copying_a_tool_leaves_no_volume_behind(tmp_path: Path) -> None:
    """Of an image that declares one, as Prometheus' and Alertmanager's do."""
    image, marker = "erp-volume-test:1", uuid.uuid4().hex
    (tmp_path / "Dockerfile").write_text(RECIPE % marker, encoding="utf-8")
    base = f"BASE_IMAGE={image_source.python(current())}"
    stack.run("docker", "buildx", "build", "--load", "-t", image, "--build-arg", base, str(tmp_path), timeout=100)
    before = anonymous()
    try:
        _copy_from_image(image, "/bin/true", tmp_path / "bin" / "true")
        assert (tmp_path / "bin" / "true").is_file()
        for volume in anonymous() - before:  # other programs may make some too
            look = ("docker", "run", "--rm", "--network=none", f"--volume={volume}:/look:ro", "--entrypoint=sh", image)
            assert marker not in stack.run(*look, "-c", "cat /look/marker; true"), f"the volume {volume} is left"
    finally:
        stack.run("docker", "image", "rm", "--force", image)


def anonymous() -> set[str]:
    return set(stack.run("docker", "volume", "ls", "--quiet", "--filter", "label=com.docker.volume.anonymous").split())
