"""A part that is switched off is removed with a silence, by the real Alertmanager of a tiny project."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ops import named, switched_off
from ops.alerts import amtool
from ops.commands import current
from ops.settings import Settings
from ops.stack import Stack
from tests.support.stack import run

PROJECT = "erp-observability-off-test"
READY = "http://127.0.0.1:9093/-/ready"
CONFIG = "route: {receiver: none}\nreceivers: [{name: none}]\n"


def service(application: str, profile: str = "") -> dict[str, Any]:
    return {
        "image": current().model["services"]["alertmanager"]["image"],
        "pull_policy": "never",
        "stop_signal": "SIGKILL",
        "entrypoint": ["sh", "-c", "exec sleep 300"],
        "labels": {"observability.application": application},
        "profiles": [profile] if profile else [],
    }


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    for file in named.FILES.values():
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    (tmp_path / "routes.yml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "routes.yml").chmod(0o644)
    tmp_path.chmod(0o755)
    program = "exec alertmanager --config.file=/routes.yml --storage.path=/tmp --cluster.listen-address="
    monitoring = {
        **service("monitoring"),
        "entrypoint": ["sh", "-c", program],
        "volumes": ["./routes.yml:/routes.yml:ro"],
        "healthcheck": {"test": ["CMD", "wget", "-q", "-O", "/dev/null", READY], "interval": "1s", "retries": 30},
    }
    services = {
        "alertmanager": monitoring,
        "erp-web": service("erp", "sample"),
        "erp-worker": service("erp", "sample"),
        "jaeger": service("monitoring", "tracing"),
        "traffic": service("sandbox", "shoppers"),
        "inbox": service("sandbox", "sandbox"),
    }
    (tmp_path / "compose.yaml").write_text(json.dumps({"services": services}), encoding="utf-8")
    yield tmp_path
    label = f"label=com.docker.compose.project={PROJECT}"
    if left := run("docker", "ps", "--all", "--quiet", "--filter", label).split():
        run("docker", "rm", "--force", "--volumes", *left)
    if networks := run("docker", "network", "ls", "--quiet", "--filter", label).split():
        run("docker", "network", "rm", *networks)


def silences(stack: Stack) -> list[str]:
    """Of each silence its matchers."""
    found = json.loads(amtool(stack, "silence", "query", "--output=json"))
    return sorted(
        " ".join(
            f"{each['name']}{'' if each['isEqual'] else '!'}{'~' if each['isRegex'] else '='}{each['value']}"
            for each in sorted(silence["matchers"], key=lambda each: str(each["name"]))
        )
        for silence in found
    )


def test_what_is_switched_off_is_silenced_until_it_is_switched_on_again(
    folder: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, traced, without = (
        Stack(Settings({**settings.values, "PROJECT": PROJECT, **chosen}, {}), "official", root=folder)
        for chosen in (
            {"SAMPLE": "on", "TRACING": "on"},
            {"SAMPLE": "off", "TRACING": "on"},
            {"SAMPLE": "off", "TRACING": "off"},
        )
    )
    whole.compose("up", "--detach", "--wait", timeout=60)
    switched_off.stop(whole)
    assert silences(whole) == []
    switched_off.stop(without)
    assert without.running() == {"alertmanager", "inbox"}
    off = ["alertname!=Watchdog application=erp", "alertname!=Watchdog application=sandbox service~traffic"]
    tracing = "alertname!=Watchdog application=monitoring service~jaeger"
    assert silences(without) == [off[0], tracing, off[1]]
    assert capsys.readouterr().out.splitlines() == [
        "    erp-web, erp-worker of erp: switched off, silenced for 20m",
        "    jaeger of monitoring: switched off, silenced for 20m",
        "    traffic of sandbox: switched off, silenced for 20m",
    ]
    switched_off.stop(without)  # a second start has nothing to remove, and no new silence
    switched_off.end_silences(without)
    assert silences(without) == [off[0], tracing, off[1]]
    switched_off.end_silences(traced)  # the silences of what is still off stay
    assert silences(without) == off
    switched_off.end_silences(whole)
    assert silences(whole) == []


def test_a_part_is_removed_where_alertmanager_does_not_run(
    folder: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    off = Stack(Settings({**settings.values, "PROJECT": PROJECT, "SAMPLE": "off"}, {}), "official", root=folder)
    off.compose("--profile", "*", "up", "--detach", "--no-deps", "erp-web", "inbox", timeout=60)
    switched_off.stop(off)
    assert off.running() == {"inbox"}
    assert "erp-web of erp: removed without a silence" in capsys.readouterr().out
