"""Rules, boards and Alertmanager's configuration as the objects that the operator and the charts' sidecars read."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from alertmanager.checks import CHANNELS
from alertmanager.render import render
from deploy.kubernetes.model import MONITORING_NAMESPACE, Model, Object
from loki import rule_files as loki_rules
from ops import secrets
from ops.paths import ROOT
from prometheus import rule_files

BOARDS = ROOT / "grafana" / "dashboards" / "generated"
FIGURES = Path(__file__).parent / "rules" / "containers.yml"
FOLDER = "Applications"
CHANNELS_SECRET = "alertmanager-channels"  # noqa: S105 - an object's name
# Where the operator mounts the Secrets of an Alertmanager, and further keys of the one with its configuration.
OPERATORS = f"/etc/alertmanager/secrets/{CHANNELS_SECRET}/"
TEMPLATES = "/etc/alertmanager/config/*.tmpl"


def rules() -> dict[str, Object]:
    """A PrometheusRule for each of Prometheus' rule files."""
    return {
        name: _object("monitoring.coreos.com/v1", "PrometheusRule", f"rules-{name}")
        | {"spec": {"groups": rule_files.load(path)["groups"]}}
        for name, path in rule_files.paths().items()
    }


def figures() -> Object:
    """The rule that gives figures of containers the names that they have in Compose."""
    return _object("monitoring.coreos.com/v1", "PrometheusRule", "figures-of-containers") | {
        "spec": {"groups": rule_files.load(FIGURES)["groups"]}
    }


def rules_of_loki() -> Object:
    """The rules that Loki evaluates, for the sidecar of its chart."""
    files = {path.name: path.read_text(encoding="utf-8") for path in loki_rules.paths().values()}
    return _object("v1", "ConfigMap", "rules-of-loki", {"loki_rule": ""}) | {"data": files}


def boards() -> dict[str, Object]:
    """A ConfigMap for each board, for the sidecar of Grafana's chart.

    Without its white space: `kubectl apply` alone keeps a copy in an annotation, which may have 256 KiB.
    """
    found = {}
    for path in sorted(BOARDS.glob("*.json")):
        text = json.dumps(json.loads(path.read_text(encoding="utf-8")), separators=(",", ":"), sort_keys=True)
        config = _object("v1", "ConfigMap", f"board-{path.stem}", {"grafana_dashboard": "1"})
        config["metadata"]["annotations"] = {"grafana_folder": FOLDER}
        found[path.stem] = config | {"data": {path.name: text}}
    return found


def alertmanager(model: Model, values: Path | None = None) -> Object:
    """The Secret with what Alertmanager reads. It names files of another Secret, and holds no secret itself.

    `values`: the folder with the channels' secrets, of which an empty one is off; None for the sandbox's, all on.
    """
    environment = model.services["alertmanager-config"]["environment"]
    with tempfile.TemporaryDirectory() as folder:
        if values is None:
            values = Path(folder, "secrets")
            values.mkdir()
            for name in CHANNELS.values():
                (values / name).write_text(secrets.CHANNELS[name].sandbox, encoding="utf-8")
        output = Path(folder, "output")
        output.mkdir()
        # Not with the receivers of applications/: their secrets are files of a folder that only Compose mounts.
        none = Path(folder, "routing.json")
        none.write_text("{}", encoding="utf-8")
        render(environment, values, output, none)
        files = {path.name: path.read_text(encoding="utf-8") for path in sorted(output.rglob("*")) if path.is_file()}
    text = files.pop("alertmanager.yml")
    text = text.replace("/run/secrets/", OPERATORS).replace("- templates/*.tmpl", f"- {TEMPLATES}")
    return _object("v1", "Secret", "alertmanager-config") | {
        "type": "Opaque",
        "stringData": {"alertmanager.yaml": text} | files,
    }


def addresses() -> list[Object]:
    """Under their names in Compose, which Loki's ruler and Grafana's data sources have."""
    return [
        _object("v1", "Service", name)
        | {
            "spec": {
                "selector": {"observability.application": "monitoring", "app.kubernetes.io/name": name},
                # The two of a pair differ by what each has missed: a reader stays with one of them.
                "sessionAffinity": "ClientIP",
                "ports": [{"name": "web", "port": port, "targetPort": port}],
            }
        }
        for name, port in (("prometheus", 9090), ("alertmanager", 9093))
    ]


def _object(version: str, kind: str, name: str, labels: dict[str, str] | None = None) -> Object:
    metadata = {"name": name, "namespace": MONITORING_NAMESPACE}
    if labels:
        return {"apiVersion": version, "kind": kind, "metadata": metadata | {"labels": labels}}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}
