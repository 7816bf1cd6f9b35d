"""What `make sentry` writes, read by those who read it: Compose, the installer's shell, Python, YAML.

SENTRY_RELEASE_DIR names Sentry's own release, else a small one of ours stands in.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.sentry_machine import Machine

pytestmark = pytest.mark.timeout(600)
BESIDE = {"statsd", "kafka-exporter"}


def compose_model(machine: Machine) -> dict[str, Any]:
    command = ["docker", "compose", "--env-file", ".env", "--env-file", ".env.custom", "config", "--format", "json"]
    read = subprocess.run(command, cwd=machine.release, capture_output=True, text=True, check=True)
    return dict(json.loads(read.stdout))


def test_compose_adds_what_watches_it_and_the_one_way_in(installed: Machine) -> None:
    services = compose_model(installed)["services"]
    bare = ["docker", "compose", "--env-file", ".env", "-f", "docker-compose.yml", "config", "--services"]
    theirs = subprocess.run(
        bare,
        cwd=installed.release,
        env={**os.environ, "COMPOSE_PROFILES": "errors-only", "COMPOSE_FILE": ""},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert set(services) == set(theirs) | BESIDE
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert [(port["host_ip"], port["published"]) for port in published] == [("127.0.0.1", str(installed.port))]
    joined = {name: each["networks"] for name, each in services.items() if "observability" in each.get("networks", {})}
    assert joined.keys() == {"nginx", "smtp", *BESIDE}
    assert joined["nginx"]["observability"]["aliases"] == ["sentry-ingest"]
    labels = services["nginx"]["labels"]
    assert labels["observability.health"] == "/_health/,/api/0/relays/live/"
    assert (labels["observability.env"], labels["observability.stack"]) == ("sandbox", "erp-observability")


def test_shell_and_compose_read_the_same_settings(installed: Machine) -> None:
    shell = subprocess.run(
        ["env", "-i", "bash", "-c", "set -a; . ./.env.custom; env -0"],
        cwd=installed.release,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    by_shell = dict(pair.split("=", 1) for pair in shell.split("\0") if "=" in pair)
    probe = json.dumps({"services": {"it": {"image": "none", "env_file": [str(installed.release / ".env.custom")]}}})
    read = ["docker", "compose", "-p", "it", "--env-file", os.devnull, "-f", "-", "config", "--format", "json"]
    said = subprocess.run(read, input=probe, capture_output=True, text=True, check=True).stdout
    by_compose = json.loads(said)["services"]["it"]["environment"]
    assert by_compose["SENTRY_EVENT_RETENTION_DAYS"] == "90"
    assert {name: by_shell[name] for name in by_compose} == by_compose


def python_settings(machine: Machine, tmp_path: Path) -> dict[str, Any]:
    """sentry.conf.py as Python reads it, with a stand-in for what it imports from Sentry."""
    server = tmp_path / "sentry" / "conf" / "server.py"
    server.parent.mkdir(parents=True)
    for package in (server.parent, server.parent.parent):
        (package / "__init__.py").touch()
    server.write_text(
        "import os\nfrom collections import defaultdict\nfrom typing import Any\n"
        "env = lambda name, default='': os.environ.get(name, default)\n"
        "SENTRY_OPTIONS, SENTRY_FEATURES, KAFKA_CLUSTERS = {}, {}, {}\n",
        encoding="utf-8",
    )
    script = (
        "import json, runpy, sys\n"
        "found = runpy.run_path(sys.argv[1])\n"
        "print(json.dumps({name: found[name] for name in ('SENTRY_BEACON', 'CSRF_TRUSTED_ORIGINS', 'SENTRY_OPTIONS')}))"
    )
    file = machine.release / "sentry" / "sentry.conf.py"
    command = [sys.executable, "-c", script, str(file)]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    read = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert read.returncode == 0, read.stderr
    return dict(json.loads(read.stdout))


def test_python_reads_the_settings_that_we_add(installed: Machine, tmp_path: Path) -> None:
    found = python_settings(installed, tmp_path)
    assert found["SENTRY_BEACON"] is False
    assert found["CSRF_TRUSTED_ORIGINS"] == [f"http://localhost:{installed.port}"]
    assert found["SENTRY_OPTIONS"]["mail.from"] == "alerts@erp.example"


class Once(yaml.SafeLoader):
    """Refuses a key that is there twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key) for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"twice: {sorted(key for key in keys if keys.count(key) > 1)}"
        return super().construct_mapping(node, deep)


def options(machine: Machine) -> dict[str, Any]:
    text = (machine.release / "sentry" / "config.yml").read_text(encoding="utf-8")
    return dict(yaml.load(text, Once))  # noqa: S506 - a SafeLoader


def test_yaml_reads_each_option_once_and_mail_goes_to_the_stack(installed: Machine) -> None:
    found = options(installed)
    assert found["system.internal-url-prefix"] == "http://web:9000"
    assert (found["mail.backend"], found["mail.host"], found["mail.port"]) == ("smtp", "smtp", 2525)
    smtp = compose_model(installed)["services"]["smtp"]
    assert smtp["environment"]["MAIL_RELAY"] == "mailpit:1025"
    assert smtp["image"].startswith("haproxy:")


REAL_MAIL = {"SMTP_SMARTHOST": "mail.example:587", "SMTP_USERNAME": "erp", "SMTP_REQUIRE_TLS": "true"}


def test_a_real_mail_server_is_used_by_itself_and_a_second_writing_changes_nothing_else(installed: Machine) -> None:
    before = (installed.release / "sentry" / "sentry.conf.py").read_text(encoding="utf-8")
    assert installed.sentry(**REAL_MAIL).returncode == 0
    found = options(installed)
    assert (found["mail.host"], found["mail.port"], found["mail.use-tls"]) == ("mail.example", 587, True)
    assert (found["mail.username"], found["mail.password"]) == ("erp", "sandbox")
    assert "environment" not in compose_model(installed)["services"]["smtp"] or "MAIL_RELAY" not in str(
        compose_model(installed)["services"]["smtp"]["environment"]
    )
    assert (installed.release / "sentry" / "sentry.conf.py").read_text(encoding="utf-8") == before
    assert (installed.release.parent.stat().st_mode & 0o777) == 0o700
