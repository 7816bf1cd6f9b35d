"""Thanos as compose.scale.yaml runs it: values for its chart, and what then changes of kube-prometheus-stack's.

The pair asks, keeps and uploads, and rulers judge every rule over Thanos query (decision 0020). The rulers are the
operator's, which gives them the PrometheusRules that it gives Prometheus otherwise.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from urllib.parse import urlsplit

from deploy.kubernetes import values
from deploy.kubernetes.model import PREFIX, Model, Object, Service
from deploy.kubernetes.monitors import LAST
from ops import scale_files

BUCKET = {"name": "thanos-objstore", "key": "objstore.yml"}
# By the name in Compose: the Service that has the address of each that runs.
SERVICES = {
    "thanos-sidecar": "kube-prometheus-stack-thanos-discovery",
    "thanos-receive": "thanos-receive-headless",
    "thanos-store": "thanos-storegateway",
    "thanos-rule": "thanos-ruler-operated",
}
# In Compose all have `replica`. Here a receiver and a ruler have these, from the chart and the operator.
MORE_REPLICA_LABELS = ("receive_replica", "thanos_ruler_replica")
# What the chart and the operator say themselves: files and labels of their own pods.
SAID = (
    *("data-dir", "tsdb.path", "objstore.config-file", "prometheus.url", "rule-file", "label", "alert.label-drop"),
    *("receive.local-endpoint", "receive.hashrings-file", "wait"),
)
RETENTION = {"resolutionRaw": "raw", "resolution5m": "5m", "resolution1h": "1h"}


def values_of_the_chart(model: Model) -> Object:
    """Of thanos-community. Its names begin with `thanos`, so that addresses are Compose's."""
    query, compact, receive = (_options(model, f"thanos-{name}") for name in ("query", "compact", "receive"))
    replica_labels = [*query.pop("query.replica-label"), *MORE_REPLICA_LABELS]
    compact["deduplication.replica-label"] = replica_labels
    retention = {key: compact.pop(f"retention.resolution-{name}")[0] for key, name in RETENTION.items()}
    return {
        "fullnameOverride": "thanos",
        "global": {
            "image": _image(_services(model, "thanos-query")[0]),
            "objstore": {"secretName": BUCKET["name"], "secretKey": BUCKET["key"]},
            "serviceAccount": {"automountServiceAccountToken": False},
            # Ours tell the same.
            "thanosRules": {"enabled": False},
        },
        "query": {
            "service": {"httpPort": scale_files.THANOS_PORT},
            "replicaLabels": replica_labels,
            "endpoints": {"autogen": {"enabled": False}, "static": _endpoints(query.pop("endpoint"))},
        }
        | _component(model, "thanos-query", "query", query),
        "storegateway": _component(model, "thanos-store", "storegateway", _options(model, "thanos-store")),
        "compactor": {"retention": retention} | _component(model, "thanos-compact", "compactor", compact),
        "receive": {
            "service": {"remoteWritePort": urlsplit(scale_files.PUSH).port},
            "tsdb": {"retention": receive.pop("tsdb.retention")[0]},
        }
        | _component(model, "thanos-receive", "receive", receive),
    }


def kube_prometheus_stack(model: Model) -> Object:
    """On top of kube-prometheus-stack.yaml."""
    prometheus, sidecar = model.scaled["prometheus"], _services(model, "thanos-sidecar")[0]
    block = values.flags(prometheus["command"])
    variable = "GF_SECURITY_DATA_SOURCE_PROXY_WHITELIST"
    return {
        "prometheus": {
            "thanosService": {"enabled": True},
            "thanosServiceMonitor": {"enabled": True, "relabelings": _relabelings(sidecar)},
            "prometheusSpec": {
                # For null Helm leaves out the chart's own selector, and without one there is no rule.
                "ruleSelector": None,
                "disableCompaction": block["storage.tsdb.min-block-duration"]
                == block["storage.tsdb.max-block-duration"],
                "thanos": {
                    "image": sidecar["image"],
                    "version": _image(sidecar)["tag"],
                    "objectStorageConfig": {"existingSecret": BUCKET},
                    "additionalArgs": _named(_options(model, "thanos-sidecar")),
                    "resources": values.resources(sidecar),
                },
            },
        },
        "thanosRuler": {
            "enabled": True,
            "serviceMonitor": {"selfMonitor": False},
            "thanosRulerSpec": _ruler_spec(model),
        },
        "grafana": {
            "env": {variable: model.scaled["grafana"]["environment"][variable]},
            "additionalDataSources": values.data_sources(lambda text: scale_files.data_sources(text, {})),
        },
    }


def _ruler_spec(model: Model) -> Object:
    services, given = _services(model, "thanos-rule"), _options(model, "thanos-rule")
    image = _image(services[0])
    [query_url], [url] = given.pop("alert.query-url"), given.pop("alertmanagers.url")
    [interval], [grace] = given.pop("eval-interval"), given.pop("for-grace-period")
    scheme, _, address = url.removeprefix("dns+").partition("://")
    alertmanagers = f"dns+{address.replace('alertmanager', values.ALERTMANAGERS)}"
    # What the pair drops while it is the one that alerts.
    given["alert.relabel-config"] = [json.dumps(values.prometheus_spec(model)["additionalAlertRelabelConfigs"])]
    return {
        "image": image,
        "version": image["tag"],
        "replicas": len(services),
        "podMetadata": {"labels": _labels("thanos-rule", services[0])},
        "securityContext": values.security_context(services[0]),
        "ruleSelectorNilUsesHelmValues": False,
        "externalPrefixNilUsesHelmValues": False,
        "labels": {"env": model.settings["ENV"]},
        "evaluationInterval": interval,
        "ruleGracePeriod": grace,
        "queryEndpoints": given.pop("query"),
        "alertmanagersConfig": {
            "secret": {"alertmanagers": [{"api_version": "v2", "scheme": scheme, "static_configs": [alertmanagers]}]}
        },
        "alertQueryUrl": query_url,
        "objectStorageConfig": {"existingSecret": BUCKET},
        "additionalArgs": _named(given),
        "resources": values.resources(services[0]),
        "storage": {"volumeClaimTemplate": values.claim("10Gi")},
    }


def _services(model: Model, name: str) -> list[Service]:
    """Each of the services that are this one: thanos-query and thanos-query-2."""
    return [service for other, service in model.scaled.items() if re.fullmatch(rf"{name}(-[0-9])?", other)]


def _options(model: Model, name: str) -> dict[str, list[str]]:
    """What the first is told in Compose and nobody says here, by the option. A shell's command is one word."""
    found: dict[str, list[str]] = {}
    for word in shlex.split(" ".join(_services(model, name)[0]["command"])):
        option, _, value = word.removeprefix("--").partition("=")
        if word.startswith("--") and option not in SAID:
            found.setdefault(option, []).append(value)
    return found


def _named(options: dict[str, list[str]]) -> list[Object]:
    """As the operator wants them."""
    return [
        {"name": name, "value": value} if value else {"name": name} for name, each in options.items() for value in each
    ]


def _component(model: Model, service: str, component: str, options: dict[str, list[str]]) -> Object:
    services = _services(model, service)
    found: Object = {
        "replicaCount": len(services),
        "extraArgs": [f"--{name}={value}".removesuffix("=") for name, each in options.items() for value in each],
        "podLabels": _labels(service, services[0]),
        "podSecurityContext": values.security_context(services[0]),
        "resources": values.resources(services[0]),
    }
    if len(services) > 1:
        selected = {"app.kubernetes.io/name": "thanos", "app.kubernetes.io/component": component}
        apart = {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}
        found["topologySpreadConstraints"] = [apart | {"labelSelector": {"matchLabels": selected}}]
        found["pdb"] = {"enabled": True, "maxUnavailable": 1}
    return found


def _labels(name: str, service: Service) -> dict[str, str]:
    """Those by which a pod of the chart is found as the container is in Compose, which has no port of it."""
    own = {key: service["labels"][f"{PREFIX}{key}"] for key in ("application", "env")}
    found = own | {"service": name, "metrics-port": str(scale_files.THANOS_PORT)}
    return {f"{PREFIX}{key}": value for key, value in found.items()}


def _relabelings(sidecar: Service) -> list[Object]:
    """The same labels. A pod has one port of metrics, and this one's is Prometheus'."""
    own = {key: sidecar["labels"][f"{PREFIX}{key}"] for key in ("application", "env")}
    name = "thanos-sidecar"
    said = [{"targetLabel": key, "replacement": value} for key, value in (own | {"service": name, "job": name}).items()]
    instance = {"sourceLabels": ["pod"], "targetLabel": "instance", "replacement": f"$1:{scale_files.THANOS_PORT}"}
    return [*said, instance, *LAST]


def _endpoints(addresses: Sequence[str]) -> list[str]:
    """Each service's once, by the name that it has here."""
    found = [re.sub(r"(?<=\+)(.+?)(?:-[0-9])?(?=:)", lambda name: SERVICES[name[1]], each) for each in addresses]
    return list(dict.fromkeys(found))


def _image(service: Service) -> Object:
    repository, _, tag = service["image"].rpartition(":")
    return {"registry": "docker.io", "repository": repository, "tag": tag}
