"""With SCALE=on: commands that know the engines of one machine refuse, and `make up` starts all that read a file."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ops.settings import Settings
from ops.stack import Stack
from tests.ops.conftest import Ops

SCALED = {"SCALE": "on", "PROJECT": "none-of-it", "IMAGE_SOURCE": "official"}
STORAGE = "keep the object storage by its own means"


@pytest.mark.parametrize(
    ("arguments", "instead"),
    [
        (("backup", "kept"), STORAGE),
        (("restore", "s3:https://storage.example/kept"), STORAGE),
        (("upgrade",), STORAGE),
        (("reload",), "`make up` takes changed rules, routes and targets over"),
    ],
)
def test_engines_of_more_than_one_machine_are_refused(ops: Ops, arguments: tuple[str, ...], instead: str) -> None:
    done = ops(*arguments, **SCALED)
    assert done.returncode == 1
    assert f"`make {arguments[0]}` knows the engines of one machine, and SCALE=on has others" in done.stderr
    assert done.stderr.strip().endswith(f"Nothing was done: {instead}.")


@pytest.mark.parametrize(
    ("scale", "status", "said"),
    [("off", 0, ""), ("on", 1, r"SCALE=on needs the package yaml of Python, .*`apt-get install python3-yaml`")],
)
def test_only_these_engines_need_more_than_python(checkout: Path, scale: str, status: int, said: str) -> None:
    command = [sys.executable, "-S", "-m", "ops", "compose", "version"]  # -S: without any package
    environment = {**os.environ, **SCALED, "SCALE": scale}
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == status
    assert re.search(said, done.stderr)


@pytest.mark.parametrize(
    ("file", "readers"),
    [
        ("alertmanager/alertmanager.yml", {f"alertmanager{which}" for which in ("-config", "", "-2", "-3")}),
        ("prometheus/rules/own/new.yml", {"thanos-rule-1", "thanos-rule-2", "prometheus"}),
        ("prometheus/prometheus.yml", {"prometheus", "prometheus-2"}),
        ("loki/rules/own.yml", {"loki", "loki-2", "loki-3"}),
    ],
)
def test_a_changed_file_reaches_each_replica(ops: Ops, checkout: Path, file: str, readers: set[str]) -> None:
    def stamps() -> dict[str, str]:
        assert ops("compose", "version", **SCALED).returncode == 0
        found = json.loads((checkout / ".local/projects/none-of-it/stamps.yaml").read_text(encoding="utf-8"))
        return {service: each["labels"]["erp.stamp"] for service, each in found["services"].items()}

    before = stamps()
    (checkout / file).parent.mkdir(exist_ok=True)
    with (checkout / file).open("a", encoding="utf-8") as changed:
        changed.write("added: 1\n")
    after = stamps()
    assert {service for service in after if after[service] != before[service]} == readers


def test_who_only_looks_at_other_settings_leaves_the_stamps_of_the_checkout_alone(settings: Settings) -> None:
    looked = Stack(Settings({**settings.values, "SCALE": "on", "PROJECT": "only-looked-at"}, {}), "official")
    assert "storage-history" in looked.everything["services"]
    assert not looked.local.exists()
