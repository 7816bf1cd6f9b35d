"""Commands reach each replica of a service: the real Alertmanager and gunicorn of a tiny project, both there twice."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ops import named, rotate_acts
from ops.commands import current
from ops.rotate_acts import Change
from ops.settings import Settings
from ops.stack import Stack
from tests.support.ports import free_port
from tests.support.stack import run

PROJECT = "erp-observability-replicas-test"
CONFIG = "route: {{receiver: {0}}}\nreceivers: [{{name: {0}}}]\n"
START = "exec alertmanager --config.file=/etc/routes/routes.yml --storage.path=/tmp --cluster.listen-address="
PAIR = ("alertmanager", "alertmanager-2")


def services(port: int) -> dict[str, Any]:
    known = current().everything["services"]
    alertmanager = {
        "image": known["alertmanager"]["image"],
        "pull_policy": "never",
        "volumes": ["routes:/etc/routes"],
        "entrypoint": ["sh", "-c", START],
        "depends_on": {"alertmanager-config": {"condition": "service_completed_successfully"}},
        "healthcheck": {"test": ["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:9093/-/ready"]},
        "stop_signal": "SIGKILL",
    }
    ready = "import socket; socket.create_connection(('127.0.0.1', 8000))"
    web = {
        "image": known["erp-web"]["image"],
        "pull_policy": "never",
        "deploy": {"replicas": 2},
        "entrypoint": ["gunicorn", "--workers=1", "--bind=127.0.0.1:8000", "wsgiref.simple_server:demo_app"],
        "healthcheck": {"test": ["CMD", "python", "-c", ready]},
        "stop_signal": "SIGKILL",
    }
    renderer = {
        **{name: alertmanager[name] for name in ("image", "pull_policy", "volumes")},
        "user": "0:0",
        "restart": "no",
        "entrypoint": ["sh", "-c", "cat /given/routes.yml >/etc/routes/routes.yml"],
    }
    renderer["volumes"] = [*alertmanager["volumes"], "./given:/given:ro"]
    found = {
        "alertmanager-config": renderer,
        "alertmanager": {**alertmanager, "ports": [f"127.0.0.1:{port}:9093"]},
        "alertmanager-2": alertmanager,
        "erp-web": web,
    }
    for each in found.values():
        if "healthcheck" in each:
            each["healthcheck"] |= {"interval": "1s", "retries": 30}
    return found


@pytest.fixture
def twice(tmp_path: Path, settings: Settings) -> Iterator[Stack]:
    for file in named.FILES.values():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    port = free_port()
    (tmp_path / "given").mkdir()
    (tmp_path / "given/routes.yml").write_text(CONFIG.format("before"), encoding="utf-8")
    model = {"services": services(port), "volumes": {"routes": {}}}
    (tmp_path / "compose.yaml").write_text(json.dumps(model), encoding="utf-8")
    values = {**settings.values, "PROJECT": PROJECT, "ALERTMANAGER_PORT": str(port)}
    stack = Stack(Settings(values, {}), "official", root=tmp_path)
    try:
        yield stack
    finally:
        stack.compose("down", "--volumes", "--timeout=1")


def receivers(stack: Stack) -> list[str]:
    """The first receiver of each Alertmanager's configuration."""
    address = "--alertmanager.url=http://127.0.0.1:9093"
    asked = [stack.compose("exec", "-T", each, "amtool", address, "config", "show") for each in PAIR]
    return [text.partition("receiver: ")[2].split()[0] for text in asked]


def test_a_channel_that_is_replaced_reaches_each_alertmanager_that_runs(twice: Stack) -> None:
    twice.compose("up", "--detach", "--wait", *PAIR, timeout=60)
    assert twice.replicas("alertmanager") == list(PAIR)
    assert receivers(twice) == ["before", "before"]
    (twice.root / "given/routes.yml").write_text(CONFIG.format("after"), encoding="utf-8")
    rotate_acts.renew_channels(Change(twice, "slack_webhook_url", "old", "new"))
    assert receivers(twice) == ["after", "after"]
    twice.compose("stop", "alertmanager")
    (twice.root / "given/routes.yml").write_text(CONFIG.format("later"), encoding="utf-8")
    rotate_acts.renew_channels(Change(twice, "slack_webhook_url", "old", "new"))
    twice.compose("start", "alertmanager")
    twice.compose("up", "--detach", "--wait", *PAIR, timeout=60)
    assert receivers(twice) == ["later", "later"]


def test_the_workers_of_each_replica_are_replaced(twice: Stack) -> None:
    twice.compose("up", "--detach", "--wait", "erp-web", timeout=60)
    names = [f"{PROJECT}-erp-web-{number}" for number in (1, 2)]
    before = {name: workers(name) for name in names}
    rotate_acts.replace_workers("erp-web")(Change(twice, "django_secret_key", "old", "new"))
    assert [len(before[name]) for name in names] == [1, 1]
    assert [before[name] & workers(name) for name in names] == [set(), set()]


def workers(container: str) -> set[str]:
    return set(run("docker", "exec", container, "python", "-c", rotate_acts.WORKERS).split())
