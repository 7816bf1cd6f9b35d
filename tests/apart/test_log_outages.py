"""A Loki that is ill for a quarter of an hour, in each way that Promtail can meet: every line arrives afterwards.

A Promtail for each illness reads the same container and pushes through tests/support/ill_loki.py to the same Loki.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import yaml

from ops import image_source
from ops.commands import current
from ops.paths import ROOT
from tests.support import ill_loki, lines, stack
from tests.support.lines import Lines
from tests.support.wait import lasts

ILL_SECONDS = 900
RATE = 20
FOUND_WITHIN = 15
pytestmark = pytest.mark.timeout(ILL_SECONDS * 2 + 600)


@contextmanager
def container(*arguments: str) -> Iterator[str]:
    name = stack.run("docker", "create", *arguments).strip()
    try:
        yield name
    finally:
        stack.run("docker", "rm", "--force", name)


@contextmanager
def promtail(way: Lines, illness: str, folder: Path) -> Iterator[None]:
    """On the configuration that ships, with the way through the illness, and a label that tells whose line it is."""
    text = (ROOT / "promtail" / "promtail.yml").read_text(encoding="utf-8")
    config = yaml.safe_load(text.replace("(erp-observability)?", lines.PROJECT))
    config["clients"][0] |= {
        "url": f"http://ill:{ill_loki.PORT}/{illness}/loki/api/v1/push",
        "external_labels": {"host": illness},
    }
    file = folder / f"{illness}.yml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    file.chmod(0o644)
    image = stack.run("docker", "inspect", "--format", "{{.Image}}", way.container("promtail")).strip()
    mount = f"--volume={file}:/etc/promtail/ill.yml:ro"
    network = f"--network={lines.PROJECT}_docker-api"
    program = ("--entrypoint=promtail", "--user=10001:10001", image, "-config.file=/etc/promtail/ill.yml")
    with container(network, mount, "--tmpfs=/tmp:mode=1777", *program) as name:
        stack.run("docker", "network", "connect", f"{lines.PROJECT}_monitoring", name)
        stack.run("docker", "start", name)
        yield


@contextmanager
def ill(way: Lines) -> Iterator[None]:
    network = (f"--network={lines.PROJECT}_monitoring", "--network-alias=ill", f"--env=ILL_SECONDS={ILL_SECONDS}")
    with container(*network, image_source.python(current()), "python3", "-c", ill_loki.PROGRAM) as name:
        stack.run("docker", "start", name)
        yield


def test_every_line_arrives_after_a_quarter_of_an_hour_of_any_illness(tmp_path: Path) -> None:
    with ExitStack() as running:
        way = running.enter_context(lines.running())
        writer = running.enter_context(lines.writer("writer"))
        running.enter_context(ill(way))
        for illness in ill_loki.ILLNESSES:
            running.enter_context(promtail(way, illness, tmp_path))
        lasts(FOUND_WITHIN, "the writer is found")
        since = time.time()
        written = lines.write(writer, "ill", RATE, ILL_SECONDS + 30)
        for illness in ill_loki.ILLNESSES:
            found = way.counted("ill", since, written, 300, f'host="{illness}"')
            assert (illness, found.found) == (illness, written)
        assert way.metric("log_lines_missing", service="writer") == 0
