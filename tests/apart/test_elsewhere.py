"""The ways of docs/adapting.md to another platform, each to a receiver of the test's own; the running stack goes on."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.support import apart, sink, stack
from tests.support.sink import Sink
from tests.support.wait import eventually

PROJECT = "erp-elsewhere-test"
# The lines that docs/adapting.md has one add, with this receiver's address.
REMOTE_WRITE = """
remote_write:
  - url: http://receiver:9090/api/v1/write
"""
OVERLAY = """
services:
  prometheus:
    labels: !reset null
    ports: !reset null
    depends_on: !reset null
    networks: !override [monitoring]
    volumes: ["{file}:/etc/prometheus/{env}/prometheus.yml:ro"]
  receiver:
    image: {image}
    entrypoint: [/bin/prometheus]
    command: [--config.file=/etc/receiver.yml, --storage.tsdb.path=/tmp, --web.enable-remote-write-receiver]
    volumes: ["{empty}:/etc/receiver.yml:ro"]
    tmpfs: ["/tmp:size=64m,mode=1777"]
    user: "65534:65534"
    networks: [monitoring]
    mem_limit: 256m
"""
WORK = """
from django.db import connection
connection.cursor().execute("SELECT 1")
raise RuntimeError("planted for another platform")
"""


@pytest.fixture(scope="module")
def platform() -> Iterator[Sink]:
    """What takes a span and an event of one process of the sample."""
    with sink.running(stack.outside()) as started:
        settings = {
            "SENTRY_DSN": f"http://key@{started.address}/1",
            "SENTRY_DSN_FILE": "",
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{started.address}",
            "OTEL_EXPORTER_OTLP_HEADERS": "api-key=of-the-platform",
            "OTEL_TRACES_SAMPLER_ARG": "1",
        }
        given = [word for name, value in settings.items() for word in ("-e", f"{name}={value}")]
        command = ("python", "manage.py", "shell", "--no-imports", "-c", WORK)
        with pytest.raises(stack.CommandError, match="RuntimeError: planted for another platform"):
            stack.compose("run", "--rm", "--no-deps", *given, "erp-migrate", *command, timeout=120)
        yield started


def test_an_error_goes_to_the_tracker_that_the_dsn_names(platform: Sink) -> None:
    (event,) = [each for path, body in platform.calls if path.endswith("/envelope/") for each in sink.events_of(body)]
    assert event["exception"]["values"][-1]["value"] == "planted for another platform"


def test_a_span_goes_to_the_collector_that_the_endpoint_names(platform: Sink) -> None:
    (body,) = [body for path, body in platform.calls if path == "/v1/traces"]
    assert b"erp-migrate" in body
    assert b"SELECT" in body


def test_samples_go_by_remote_write_to_another_store() -> None:
    ours = (stack.ROOT / "prometheus" / "prometheus.yml").read_text(encoding="utf-8")
    with TemporaryDirectory() as folder:
        file, empty = Path(folder, "prometheus.yml"), Path(folder, "receiver.yml")
        file.write_text(ours + REMOTE_WRITE, encoding="utf-8")
        empty.write_text("global: {}\n", encoding="utf-8")
        for path in (file.parent, file, empty):
            path.chmod(0o755)  # both run as nobody
        overlay = OVERLAY.format(file=file, env=stack.setting("ENV"), empty=empty, image=image())
        with apart.running(PROJECT, overlay, "prometheus", "receiver") as project:
            asked = ("promtool", "query", "instant", "http://127.0.0.1:9090")
            seen = 'up{application="monitoring",service="prometheus"}'

            def answer() -> str:
                return project.compose("exec", "-T", "receiver", *asked, seen)

            eventually(
                answer, f"{seen} at the receiver", 60, until=lambda said: f'env="{stack.setting("ENV")}"' in said
            )


def image() -> str:
    described = stack.run(
        "docker", "inspect", "--format", "{{.Config.Image}}", f"{stack.setting('PROJECT')}-prometheus-1"
    )
    return described.strip()
