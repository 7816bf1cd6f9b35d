"""A Loki that is ill for a quarter of an hour, in each way that Promtail can meet, is told, and every line arrives.

A Promtail for each illness reads the same container and pushes through tests/support/ill_loki.py to the same Loki. A
Prometheus asks these Promtails, and judges the rules that ship.
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
from tests.support.ports import free_port
from tests.support.prometheus import Prometheus
from tests.support.wait import eventually, lasts

ILL_SECONDS = 900
RATE = 20
FOUND_WITHIN = 15
RULES = ROOT / "prometheus" / "rules" / "self.yml"
TOLD = {("LogsStalled", illness) for illness in ill_loki.ILLNESSES}
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
        stack.run("docker", "network", "connect", f"--alias={illness}", f"{lines.PROJECT}_monitoring", name)
        stack.run("docker", "start", name)
        yield


@contextmanager
def prometheus(folder: Path) -> Iterator[Prometheus]:
    """Asks each Promtail, and the illnesses' program for the requests of its host."""
    asked = {"promtail": "{}:9080/metrics", "requests": f"ill:{ill_loki.PORT}/{{}}/metrics"}
    config = {
        "global": {"scrape_interval": "15s", "evaluation_interval": "15s"},
        "rule_files": [f"/etc/prometheus/{RULES.name}"],
        "scrape_configs": [
            {
                "job_name": f"{job}-{illness}",
                "metrics_path": "/" + page.format(illness).partition("/")[2],
                "static_configs": [{"targets": [page.format(illness).partition("/")[0]], "labels": {"host": illness}}],
            }
            for job, page in asked.items()
            for illness in ill_loki.ILLNESSES
        ],
    }
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    file.chmod(0o644)
    host, port = stack.loaded_settings().host, free_port()
    mounts = (f"--volume={file}:/etc/prometheus/prometheus.yml:ro", f"--volume={RULES}:/etc/prometheus/{RULES.name}:ro")
    published = (f"--network={lines.PROJECT}_published", f"--publish={host}:{port}:9090")
    program = (
        *("--tmpfs=/prometheus:mode=1777", "--entrypoint=prometheus"),
        current().model["services"]["prometheus"]["image"],
        *("--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"),
    )
    with container(*published, *mounts, *program) as name:
        stack.run("docker", "network", "connect", f"{lines.PROJECT}_monitoring", name)
        stack.run("docker", "start", name)
        yield Prometheus(f"http://{host}:{port}")


def told(asked: Prometheus, window: str) -> set[tuple[str, str]]:
    """Which alert about logs fired for which illness."""
    found = asked.query(f'max_over_time(ALERTS{{alertname=~"Log.+",alertstate="firing"}}[{window}])')
    return {(each.labels["alertname"], each.labels.get("host", "")) for each in found}


@contextmanager
def ill(way: Lines) -> Iterator[None]:
    network = (f"--network={lines.PROJECT}_monitoring", "--network-alias=ill", f"--env=ILL_SECONDS={ILL_SECONDS}")
    with container(*network, image_source.python(current()), "python3", "-c", ill_loki.PROGRAM) as name:
        stack.run("docker", "start", name)
        yield


def test_a_quarter_of_an_hour_of_any_illness_is_told_and_costs_no_line(tmp_path: Path) -> None:
    with ExitStack() as running:
        way = running.enter_context(lines.running())
        writer = running.enter_context(lines.writer("writer"))
        running.enter_context(ill(way))
        for illness in ill_loki.ILLNESSES:
            running.enter_context(promtail(way, illness, tmp_path))
        asked = running.enter_context(prometheus(tmp_path))
        lasts(FOUND_WITHIN, "the writer is found")
        since = time.time()
        written = lines.write(writer, "ill", RATE, ILL_SECONDS + 30)
        assert told(asked, f"{ILL_SECONDS}s") == TOLD
        for illness in ill_loki.ILLNESSES:
            found = way.counted("ill", since, written, 300, f'host="{illness}"')
            assert (illness, found.found) == (illness, written)
        assert way.metric("log_lines_missing", service="writer") == 0
        eventually(lambda: told(asked, "30s"), "no alert to fire any more", 180, until=lambda left: not left)
