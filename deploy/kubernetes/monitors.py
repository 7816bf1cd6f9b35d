"""What Prometheus asks, as the operator's PodMonitors and Probes, from prometheus/prometheus.yml and the same labels.

A pod has a container's labels under the same names (`observability.application` and so on): they are valid in
Kubernetes, and one page describes both. So the steps of prometheus.yml hold, with another source for a few of them.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import yaml

from deploy.kubernetes.model import FOLDERS, MONITORING_NAMESPACE, Model, Object
from ops.paths import ROOT

SOURCE = ROOT / "prometheus" / "prometheus.yml"
DOCKER = "__meta_docker_container_"
LABEL = f"{DOCKER}label_observability_"
POD_LABEL = "__meta_kubernetes_pod_label_observability_"
# Its value can't be that of a Kubernetes label.
ANNOTATIONS = {"metrics_path": "__meta_kubernetes_pod_annotation_observability_metrics_path"}
COMPOSE = f"{DOCKER}label_com_docker_compose_"
# By the source labels of a step: those that take their place, and nothing where Kubernetes has no such thing.
INSTEAD: dict[tuple[str, ...], tuple[str, ...] | None] = {
    (f"{LABEL}stack",): None,
    (f"{COMPOSE}oneoff",): None,
    (f"{LABEL}network",): None,
    ("__meta_docker_network_name",): None,
    (f"{DOCKER}name", "__tmp_network"): ("__meta_kubernetes_pod_ip",),
    (f"{DOCKER}name",): ("__meta_kubernetes_pod_container_name",),
    (f"{COMPOSE}service",): ("__meta_kubernetes_pod_label_app_kubernetes_io_name",),
    ("job", f"{COMPOSE}container_number"): None,
}
KEYS = {"source_labels": "sourceLabels", "target_label": "targetLabel"}
FIRST = (
    # A pod that waits for its preparation is no process that is down.
    {"sourceLabels": ["__meta_kubernetes_pod_phase"], "regex": "Running", "action": "keep"},
    {"sourceLabels": ["__meta_kubernetes_pod_container_init"], "regex": "true", "action": "drop"},
)
# The identity of a series is application, env, service, job and instance, as in Compose: rules compare series by them.
LAST = ({"regex": "namespace|pod|container|endpoint", "action": "labeldrop"},)
# A machine is told by the instance of its node exporter, which has the node's name.
OF_A_MACHINE = {
    "sourceLabels": ["service", "__meta_kubernetes_pod_node_name", f"{POD_LABEL}metrics_port"],
    "regex": "node;(.+);(.+)",
    "replacement": "$1:$2",
    "targetLabel": "instance",
}
HONOR = f"{POD_LABEL}honor_labels"
TOKEN = {"credentials": {"name": "metrics-token", "key": "metrics_token"}}
# prometheus.yml has 50 for one machine; here the applications of a whole cluster are one job.
TARGET_LIMIT = 1000
LIMITS = {
    "sample_limit": "sampleLimit",
    "body_size_limit": "bodySizeLimit",
    "label_limit": "labelLimit",
    "label_name_length_limit": "labelNameLengthLimit",
    "label_value_length_limit": "labelValueLengthLimit",
}


@cache
def configuration() -> dict[str, Any]:
    return dict(yaml.safe_load(SOURCE.read_text(encoding="utf-8")))


def _jobs() -> dict[str, dict[str, Any]]:
    return {job["job_name"]: job for job in configuration()["scrape_configs"]}


def translated(step: dict[str, Any]) -> Object | None:
    """A step of relabelling as the operator writes it; None where it is about Docker alone."""
    sources = tuple(step.get("source_labels", ()))
    if sources in INSTEAD:
        instead = INSTEAD[sources]
        if instead is None:
            return None
        step = step | {"source_labels": instead}
        if "__meta_kubernetes_pod_ip" in instead:
            return {"sourceLabels": list(instead), "targetLabel": step["target_label"]}
        if step["regex"] == "/(.+)":
            step = step | {"regex": "(.+)"}
    if step.get("target_label") == "__tmp_network":
        return None
    if step.get("target_label") == "__tmp_name":
        step = step | {"source_labels": ["__meta_kubernetes_pod_name"]}
    found = _renamed(step)
    if sources:
        found["sourceLabels"] = [_source(name) for name in step["source_labels"]]
    return found


def _renamed(step: dict[str, Any]) -> Object:
    return {KEYS.get(key, key): value for key, value in step.items()}


def _source(name: str) -> str:
    own = name.removeprefix(LABEL)
    if own != name:
        return ANNOTATIONS.get(own, POD_LABEL + own)
    if name.startswith("__meta_docker"):
        raise LookupError(f"{SOURCE.name} reads {name}, for which {__name__} knows nothing of Kubernetes: add it.")
    return name


def relabelings(job: str, *, honors: bool = False) -> list[Object]:
    """The steps of one of prometheus.yml's jobs over containers."""
    honor = {"sourceLabels": [f"{POD_LABEL}application", HONOR], "regex": "monitoring;on"}
    steps = [translated(step) for step in _jobs()[job]["relabel_configs"]]
    kept = [step for step in steps if step is not None]
    return [*FIRST, honor | {"action": "keep" if honors else "drop"}, *kept, OF_A_MACHINE, *LAST]


def _endpoint(job: str, **more: Any) -> Object:
    given = _jobs()[job]
    found: Object = {}
    for key, name in (("metrics_path", "path"), ("params", "params"), ("scrape_interval", "interval")):
        found |= {name: given[key]} if key in given else {}
    found |= {"scrapeTimeout": given["scrape_timeout"]} if "scrape_timeout" in given else {}
    found |= {"authorization": TOKEN} if "authorization" in given else {}
    found |= {"relabelings": relabelings(job, honors="honorLabels" in more)} | more
    if metric_steps := given.get("metric_relabel_configs"):
        found["metricRelabelings"] = [_renamed(step) for step in metric_steps]
    return found


def pod_monitor() -> Object:
    """Every pod with the labels of an application, in any namespace."""
    of_others = [_renamed(step) for step in _jobs()["monitoring-of-others"]["metric_relabel_configs"]]
    limits = {name: configuration()["global"][key] for key, name in LIMITS.items()}
    endpoints = [
        _endpoint("containers"),
        _endpoint("containers-with-token"),
        _endpoint("containers", honorLabels=True) | {"metricRelabelings": of_others},
        _endpoint("containers-ports"),
    ]
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": {"name": "applications", "namespace": MONITORING_NAMESPACE},
        "spec": {
            "namespaceSelector": {"any": True},
            "selector": {"matchExpressions": [{"key": "observability.application", "operator": "Exists"}]},
            "targetLimit": TARGET_LIMIT,
            **limits,
            "podMetricsEndpoints": endpoints,
        },
    }


def probes(model: Model) -> list[Object]:
    """A probe of each address that a service's label observability.health names, at the Service that users reach."""
    here = {name for names in model.folders().values() for name in names}
    named = [name for names in FOLDERS.values() for name in names if name in here and "health" in model.labels(name)]
    return [_probe(model, name, path) for name in named for path in model.labels(name)["health"].split(",")]


def _probe(model: Model, name: str, path: str) -> Object:
    labels = model.labels(name)
    port = labels.get("health-port", labels.get("metrics-port", ""))
    is_tcp = path == "tcp"
    kind = "tcp" if is_tcp else path.rpartition("/")[2]
    kind = kind if kind in ("tcp", "livez", "readyz", "ready") else "http"
    address = f"{name}.{model.namespace(name)}:{port}"
    said = {key: labels[key] for key in ("application", "env", "kind") if key in labels}
    job = _jobs()["containers-probed"]
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "Probe",
        "metadata": {"name": f"{name}-{kind}", "namespace": MONITORING_NAMESPACE},
        "spec": {
            "jobName": "blackbox",
            "interval": job["scrape_interval"],
            "scrapeTimeout": job["scrape_timeout"],
            "module": "tcp_connect" if is_tcp else "http_200",
            "prober": {"url": "blackbox:9115"},
            # Django answers only to the names in ALLOWED_HOSTS.
            **({} if is_tcp else {"params": [{"name": "hostname", "values": [name]}]}),
            "targets": {
                "staticConfig": {
                    "static": [address if is_tcp else f"http://{address}{path}"],
                    "labels": said | {"service": name, "probe": kind},
                    "relabelingConfigs": [dict(each) for each in LAST],
                }
            },
        },
    }
