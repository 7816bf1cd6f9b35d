"""Loki: values for its chart, and Compose's own file where one process runs by operator/."""

from __future__ import annotations

from typing import Any

import yaml

from deploy.kubernetes import values
from deploy.kubernetes.model import MONITORING_NAMESPACE, Model, Object
from ops import scale_files
from ops.paths import ROOT

SOURCE = ROOT / "loki" / "loki.yml"


def values_of_the_chart(model: Model) -> Object:
    """Highly available and monolithic, on S3; the bucket's address and keys are the user's own values."""
    settings = model.settings.values
    text = scale_files.loki(SOURCE.read_text(encoding="utf-8"), settings | scale_files.storage(settings))
    given: dict[str, Any] = yaml.safe_load(text)
    service = model.services["loki"]
    # The release has to be named kube-prometheus-stack.
    ruler = told(given["ruler"], "kube-prometheus-stack-prometheus") | {
        "storage": {"type": "local", "local": {"directory": "/rules"}},
        "rule_path": "/var/loki/rules-temp",
        "wal": {"dir": "/var/loki/ruler-wal"},
    }
    lifecycler = {"lifecycler": {"min_ready_duration": "15s"}}
    return {
        "deploymentMode": "Monolithic",
        "loki": {
            "image": {"tag": service["image"].rpartition(":")[2]},
            "auth_enabled": given["auth_enabled"],
            "podLabels": values.identity(model, "loki"),
            "commonConfig": {"replication_factor": given["common"]["replication_factor"]},
            "schemaConfig": given["schema_config"],
            "storage": {"type": "s3", "bucketNames": dict.fromkeys(("chunks", "ruler", "admin"), "loki")},
            "ingester": given["ingester"] | lifecycler,
            "limits_config": given["limits_config"]
            | {"retention_period": values.flags(service["command"])["store.retention"]},
            "compactor": given["compactor"] | {"working_directory": "/var/loki/compactor"},
            "rulerConfig": ruler,
            "analytics": given["analytics"],
            "server": {"log_level": given["server"]["log_level"]},
        },
        "singleBinary": {
            "replicas": scale_files.REPLICAS["loki"],
            "persistence": {"size": "10Gi"},
            "resources": values.resources(service),
        },
        **{name: {"replicas": 0} for name in ("write", "read", "backend")},
        # The sidecar lays the files of ConfigMap rules-of-loki down for the one tenant there is without a log-in.
        "sidecar": {"rules": {"label": "loki_rule", "labelValue": "", "folder": "/rules/fake"}},
        # Promtail and Grafana ask Loki itself; a store of this size needs no caches of its own.
        **{name: {"enabled": False} for name in ("gateway", "lokiCanary", "chunksCache", "resultsCache", "test")},
    }


def own_file(text: str) -> str:
    """loki/loki.yml, for the Prometheus and the Alertmanager of operator/."""
    config = yaml.safe_load(text)
    config["ruler"] = told(config["ruler"], "prometheus")
    return yaml.safe_dump(config, sort_keys=False, width=110)


def told(ruler: Object, prometheus: str) -> Object:
    """Each Alertmanager gets every alert, and each of the pair what rules record. `prometheus`: the object's name."""
    return ruler | {
        # One that gets an alert tells the others what was sent, and not the alert.
        "alertmanager_url": f"http://_{values.ALERTMANAGER_PORT_NAME}._tcp.{values.ALERTMANAGERS}",
        "enable_alertmanager_discovery": True,
        "remote_write": {
            "enabled": True,
            "clients": {
                f"prometheus-{number}": {"url": f"http://{pod}:9090/api/v1/write"}
                for number, pod in enumerate(_pods(prometheus))
            },
        },
    }


def _pods(prometheus: str) -> list[str]:
    """As the operator names them."""
    numbers = range(scale_files.REPLICAS["prometheus"])
    return [f"prometheus-{prometheus}-{number}.prometheus-operated.{MONITORING_NAMESPACE}" for number in numbers]
