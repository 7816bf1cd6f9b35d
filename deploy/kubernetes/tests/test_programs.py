"""The programs themselves read what is in the objects: rules, Alertmanager's configuration, Promtail's."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from alertmanager.render import SOURCE
from ops.commands import tool
from tests.support import kubernetes
from tests.support.ports import free_port
from tests.support.wait import eventually

RULES = {each["metadata"]["name"]: each["spec"] for each in kubernetes.objects("PrometheusRule")}
SECRET = kubernetes.one("Secret", "alertmanager-config")["stringData"]
ARRIVED_WITHIN = 30.0
SAME_IN_THE_CHART = ("auth_enabled", "server", "ingester", "limits_config", "compactor", "analytics")
TIME = "2026-11-30T03:00:00"
# As containerd writes them: time, stream, whole or part, line.
LINES = {
    "erp-web": (
        f'{TIME}.000000001Z stdout P {{"level": "warning", "message": "two ',
        f'{TIME}.000000002Z stdout F parts", "request_id": "r-1"}}',
    ),
    "erp-db": (
        f"{TIME}.1Z stderr F 2026-11-30 03:00:00.100 UTC [7] ERROR:  syntax error",
        f"{TIME}.2Z stderr F   at the end",
    ),
}
SHOWN = [
    '{application="erp", env="sandbox", level="ERROR", service="erp-db", stream="stderr"}\t'
    "2026-11-30 03:00:00.100 UTC [7] ERROR:  syntax error\n  at the end",
    '{application="erp", env="sandbox", level="WARNING", service="erp-web", stream="stdout"}\t'
    '{"level": "warning", "message": "two parts", "request_id": "r-1"}',
]


def said(program: str, *arguments: str) -> str:
    done = subprocess.run([str(tool(program)), *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_prometheus_takes_the_rules_without_a_warning(tmp_path: Path) -> None:
    for name, spec in RULES.items():
        (tmp_path / f"{name}.yml").write_text(yaml.safe_dump(spec), encoding="utf-8")
    checked = said("promtool", "check", "rules", "--lint=all", "--lint-fatal", *map(str, tmp_path.glob("*.yml")))
    assert checked.count("SUCCESS") == len(RULES)
    assert len(RULES) > 20


def test_figures_of_containers_are_telegrafs() -> None:
    assert "SUCCESS" in said("promtool", "test", "rules", str(Path(__file__).with_name("containers_test.yml")))


def test_alertmanager_takes_its_configuration_with_every_text(tmp_path: Path) -> None:
    for name, text in SECRET.items():
        (tmp_path / name).write_text(text.replace("/etc/alertmanager/config/", f"{tmp_path}/"), encoding="utf-8")
    checked = said("amtool", "check-config", str(tmp_path / "alertmanager.yaml"))
    assert "1 templates" in checked  # the pattern, under which it has read every text
    for name in re.findall(r'template "([\w.]+)"', SECRET["alertmanager.yaml"]):
        assert any(f'define "{name}"' in text for text in SECRET.values()), name


def test_alertmanagers_configuration_differs_from_composes_by_paths_alone() -> None:
    text = SECRET["alertmanager.yaml"]
    text = text.replace("/etc/alertmanager/secrets/alertmanager-channels/", "/run/secrets/")
    text = text.replace("/etc/alertmanager/config/", "templates/")
    assert text == (SOURCE / "alertmanager.yml").read_text(encoding="utf-8")
    for path in SOURCE.glob("templates/*.tmpl"):
        assert SECRET[path.name] == path.read_text(encoding="utf-8")


def test_promtail_takes_its_configuration(tmp_path: Path) -> None:
    path = tmp_path / "promtail.yml"
    path.write_text(kubernetes.config("promtail")["promtail.yml"], encoding="utf-8")
    said("promtail", f"-config.file={path}", "-check-syntax")


def test_loki_knows_what_the_values_say(tmp_path: Path) -> None:
    """As the chart's template lays the sections down; what it adds itself is left out."""
    given = kubernetes.values("loki")["loki"]
    sections = {name: given[name] for name in SAME_IN_THE_CHART}
    sections |= {"schema_config": given["schemaConfig"], "ruler": given["rulerConfig"]}
    bucket = {"bucketnames": given["storage"]["bucketNames"]["chunks"], "endpoint": "s3.example", "region": "here"}
    sections["common"] = {"path_prefix": "/var/loki", "storage": {"s3": bucket}, **given["commonConfig"]}
    path = tmp_path / "loki.yml"
    path.write_text(yaml.safe_dump(sections | {"memberlist": {"join_members": ["loki"]}}), encoding="utf-8")
    said("loki", "-verify-config", f"-config.file={path}")


def test_loki_knows_what_its_own_file_says(tmp_path: Path) -> None:
    path = tmp_path / "loki.yml"
    path.write_text(kubernetes.config("loki-loki-yml")["loki.yml"], encoding="utf-8")
    said("loki", "-verify-config", f"-config.file={path}")


def moved(config: dict[str, Any], folder: Path, lines: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """The configuration of a node, with files of the test's own in the place of those that Kubernetes tells of."""
    [scrape] = config["scrape_configs"]
    targets = []
    for service, written in lines.items():
        path = folder / f"{service}.log"
        path.write_text("".join(f"{line}\n" for line in written), encoding="utf-8")
        labels = {"application": "erp", "env": "sandbox", "service": service, "__path__": str(path)}
        targets.append({"labels": labels | ({"log_format": "postgres"} if service == "erp-db" else {})})
    server = {"http_listen_address": "127.0.0.1", "http_listen_port": free_port(), "grpc_listen_port": 0}
    files = {"job_name": "files", "static_configs": targets, "pipeline_stages": scrape["pipeline_stages"]}
    positions = {"filename": str(folder / "positions.yaml")}
    return config | {"server": server, "positions": positions, "scrape_configs": [files]}


def test_lines_of_containerd_have_composes_labels(tmp_path: Path) -> None:
    config = yaml.safe_load(kubernetes.config("promtail")["promtail.yml"])
    path, sent = tmp_path / "promtail.yml", tmp_path / "sent"
    path.write_text(yaml.safe_dump(moved(config, tmp_path, LINES)), encoding="utf-8")
    with sent.open("w", encoding="utf-8") as output, (tmp_path / "said").open("w", encoding="utf-8") as log:
        command = [str(tool("promtail")), f"-config.file={path}", "-dry-run"]
        process = subprocess.Popen(command, stdout=output, stderr=log)
        try:
            eventually(
                lambda: shown(sent), "both entries", ARRIVED_WITHIN, until=lambda found: len(found) >= len(SHOWN)
            )
        finally:
            process.terminate()
            process.wait(timeout=30)
    assert sorted(shown(sent)) == SHOWN


def shown(sent: Path) -> list[str]:
    """The entries that Promtail would send: time, labels, line."""
    found = re.findall(r"^2026-\S+\t(\{(?:.|\n(?!2026-))*)$", sent.read_text(encoding="utf-8"), re.MULTILINE)
    return [each.rstrip("\n") for each in found]
