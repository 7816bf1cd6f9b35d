"""Values for the chart of kube-prometheus-stack, from the files that Compose's programs read."""

from __future__ import annotations

import re
from collections.abc import Callable

import yaml

from deploy.kubernetes.model import MONITORING_NAMESPACE, PREFIX, Model, Object, Service
from deploy.kubernetes.monitoring import CHANNELS_SECRET, FOLDER
from deploy.kubernetes.monitors import configuration
from ops import scale_files
from ops.console import OpsError
from ops.paths import ROOT

DATASOURCES = ROOT / "grafana" / "provisioning" / "datasources"
# Found by the operator's Service that leads to each Alertmanager alone.
ALERTMANAGER_PORT_NAME = "http-web"
ALERTMANAGERS = f"alertmanager-operated.{MONITORING_NAMESPACE}"
# The chart's own rules about what ours are about too: each fault would be told twice, and the Watchdog beat twice.
RULES_OF_OURS = (
    *("alertmanager", "general", "node", "nodeExporterAlerting", "nodeExporterRecording", "prometheus"),
    "kubePrometheusNodeRecording",
)
PROMETHEUS_MEMORY = "2Gi"
LABELS_OF_PODS = (*(f"{PREFIX}{name}" for name in ("application", "env", "service")), "app.kubernetes.io/name")


def kube_prometheus_stack(model: Model) -> Object:
    services = model.services
    rules = dict.fromkeys(RULES_OF_OURS, False)
    return {
        "defaultRules": {"rules": rules},
        "prometheus": {"serviceMonitor": {"selfMonitor": False}, "prometheusSpec": prometheus_spec(model)},
        "alertmanager": {"serviceMonitor": {"selfMonitor": False}, "alertmanagerSpec": alertmanager_spec(model)},
        "grafana": _grafana(model),
        # For rules/containers.yml.
        "kube-state-metrics": {"metricLabelsAllowlist": [f"pods=[{','.join(LABELS_OF_PODS)}]"]},
        "prometheus-node-exporter": {
            "image": {"tag": services["node"]["image"].rpartition(":")[2], "distroless": False},
            "podLabels": {**identity(model, "node"), f"{PREFIX}service": "node"},
            "extraArgs": [each for each in services["node"]["command"] if each.startswith("--collector.net")],
            # Its series have our labels, by the PodMonitor `applications`.
            "prometheus": {"monitor": {"enabled": False}},
        },
    }


def identity(model: Model, name: str) -> dict[str, str]:
    """The labels by which a pod that isn't made here is found as one of Compose's containers is."""
    labels = model.labels(name)
    return {f"{PREFIX}{key}": labels[key] for key in ("application", "env", "metrics-port")}


def security_context(service: Service) -> Object:
    user, _, group = service["user"].partition(":")
    number = {"runAsUser": int(user), "runAsGroup": int(group), "fsGroup": int(group)}
    return {"runAsNonRoot": True, **number, "seccompProfile": {"type": "RuntimeDefault"}}


def resources(service: Service) -> Object:
    memory = f"{int(service['mem_limit']) >> 20}Mi"
    return {"requests": {"cpu": "100m", "memory": memory}, "limits": {"memory": memory}}


def flags(command: list[str]) -> dict[str, str]:
    """The arguments of a Go program by their names; one without a value is an empty text."""
    words = [word.lstrip("-").partition("=") for word in command]
    return {name: value for name, _, value in words}


def prometheus_spec(model: Model) -> Object:
    """What Prometheus is told, in the chart's words."""
    given = configuration()
    service = model.services["prometheus"]
    arguments = flags(service["command"])
    size = arguments["storage.tsdb.retention.size"]
    nil = ("rule", "serviceMonitor", "podMonitor", "probe", "scrapeConfig")
    return {
        "image": {"tag": service["image"].rpartition(":")[2]},
        "version": service["image"].rpartition(":")[2],
        "replicas": scale_files.REPLICAS["prometheus"],
        "replicaExternalLabelName": "replica",
        # Else every alert has the label `prometheus` with the operator's name for it.
        "prometheusExternalLabelNameClear": True,
        "externalLabels": {"env": model.settings["ENV"]},
        "externalUrl": model.external_url["prometheus"],
        "routePrefix": "/",
        "podMetadata": {"labels": identity(model, "prometheus")},
        "scrapeInterval": given["global"]["scrape_interval"],
        "scrapeTimeout": given["global"]["scrape_timeout"],
        "evaluationInterval": given["global"]["evaluation_interval"],
        "retention": arguments["storage.tsdb.retention.time"],
        "retentionSize": size,
        "tsdb": {"outOfOrderTimeWindow": given["storage"]["tsdb"]["out_of_order_time_window"]},
        # Loki sends what its rules record.
        "enableRemoteWriteReceiver": "web.enable-remote-write-receiver" in arguments,
        "additionalArgs": [
            {"name": "rules.alert.for-grace-period", "value": arguments["rules.alert.for-grace-period"]}
        ],
        # Also the objects that no release of this chart has made.
        **{f"{kind}SelectorNilUsesHelmValues": False for kind in nil},
        # The cluster's own targets are larger than our limit, of which the alert warns, and don't have it.
        "additionalAlertRelabelConfigs": [
            {"source_labels": ["alertname", "application"], "regex": "ScrapeSamplesHigh;", "action": "drop"}
        ],
        # Their series come on top of those for which Compose has its limit.
        "resources": {
            "requests": {"cpu": "100m", "memory": f"{int(service['mem_limit']) >> 20}Mi"},
            "limits": {"memory": PROMETHEUS_MEMORY},
        },
        "storageSpec": {"volumeClaimTemplate": claim(disk_for(size))},
    }


def alertmanager_spec(model: Model) -> Object:
    """What Alertmanager is told, in the chart's words."""
    service = model.services["alertmanager"]
    arguments = flags(service["command"])
    memory = f"{int(service['mem_limit']) >> 20}Mi"
    return {
        "image": {"tag": service["image"].rpartition(":")[2]},
        "replicas": scale_files.REPLICAS["alertmanager"],
        "portName": ALERTMANAGER_PORT_NAME,
        "externalUrl": model.external_url["alertmanager"],
        "routePrefix": "/",
        "podMetadata": {"labels": identity(model, "alertmanager")},
        # So long each waits for those before it to tell, the last of three twice: shorter than the group_interval of
        # critical alerts, else it tells what was true before. Not its half, by which their turns may differ: then two
        # would tell at the same moment.
        "clusterPeerTimeout": flags(model.scaled["alertmanager"]["command"])["cluster.peer-timeout"],
        "useExistingSecret": True,
        "configSecret": "alertmanager-config",  # an object's name
        "secrets": [CHANNELS_SECRET],
        # AlertmanagerConfig objects of others would add a matcher of their namespace: there are none by default.
        "additionalArgs": [
            {"name": name, "value": arguments[name]} for name in ("data.maintenance-interval", "enable-feature")
        ],
        "resources": {"requests": {"cpu": "25m", "memory": memory}, "limits": {"memory": memory}},
        "storage": {"volumeClaimTemplate": claim("1Gi")},
    }


def _grafana(model: Model) -> Object:
    given = model.services["grafana"]["environment"]
    variables = {name: value for name, value in given.items() if not name.endswith("__FILE")}
    variables["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] = f"/tmp/dashboards/{FOLDER}/overview.json"  # noqa: S108
    return {
        "image": {"tag": model.services["grafana"]["image"].rpartition(":")[2]},
        "admin": {
            "existingSecret": "grafana-admin",  # an object's name
            "userKey": "admin-user",
            "passwordKey": "grafana_admin_password",
        },
        "podLabels": identity(model, "grafana"),
        "serviceMonitor": {"enabled": False},
        "env": variables,
        "sidecar": {
            # Ours have the same uids.
            "datasources": {"defaultDatasourceEnabled": False, "alertmanager": {"enabled": False}},
            "dashboards": {
                "label": "grafana_dashboard",
                "labelValue": "1",
                "folderAnnotation": "grafana_folder",
                "provider": {"foldersFromFilesStructure": True},
            },
        },
        "additionalDataSources": data_sources(),
    }


def data_sources(change: Callable[[str], str] = str) -> list[Object]:
    """Grafana's, out of the files' changed texts."""
    texts = [(DATASOURCES / f"{name}.yml").read_text(encoding="utf-8") for name in ("metrics", "tracing-off")]
    return [source for text in texts for source in yaml.safe_load(change(text))["datasources"]]


def disk_for(size: str) -> str:
    """A quarter more than Prometheus may keep, for what it has not compacted yet. `size`: a setting such as 8GB."""
    found = re.fullmatch(r"([1-9]\d*)([MGT])B", size)
    if not found:
        raise OpsError(f"METRICS_RETENTION_SIZE={size!r}: for the size of a volume, expected MB, GB or TB such as 8GB.")
    megabytes = int(found[1]) << {"M": 0, "G": 10, "T": 20}[found[2]]
    return f"{-(-megabytes * 5 // 4096)}Gi"


def claim(size: str) -> Object:
    return {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}}
