"""The Compose model that everything here is made from, and which of its services Kubernetes has."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import yaml

from ops.paths import ROOT
from ops.settings import Settings, defaults
from ops.stack import Stack

Service = dict[str, Any]
Object = dict[str, Any]

APPLICATION_NAMESPACE = "erp"
MONITORING_NAMESPACE = "monitoring"
PREFIX = "observability."
# By the folder that their objects are in.
FOLDERS = {
    "erp": (
        *("erp-web", "erp-worker", "erp-beat", "erp-migrate"),
        *("erp-db", "erp-redis", "postgres-exporter", "redis-exporter"),
    ),
    "tracker": ("bugsink", "bugsink-setup"),
    "sandbox": ("partner", "inbox", "traffic", "mailpit"),
    "monitoring": ("blackbox", "promtail"),
    "operator": ("prometheus", "alertmanager", "loki"),
}
IN_MONITORING = ("monitoring", "operator")
# What of Compose has no object of its own here, with what takes its place.
LEFT_OUT = {
    "alertmanager-config": "`make kubernetes` writes the Secret that it would render",
    "grafana": "the chart's, by values/kube-prometheus-stack.yaml",
    "grafana-operator": "the chart's Grafana has one user, admin; others come by its own log-in",
    "node": "the chart's node exporter, by values/kube-prometheus-stack.yaml",
    "telegraf": "kubelet and kube-state-metrics have the figures, and rules/containers.yml gives them its names",
    "socket-proxy": "no program here asks Docker",
    "logkeeper": "it reads Docker's files, which a node with containerd hasn't: log lines have no account here",
    "jaeger": "off by default; OTEL_EXPORTER_OTLP_ENDPOINT in .env names a trace store that the cluster has",
    "gateway": "an Ingress with its own log-in",
    "gateway-guard": "an Ingress with its own log-in",
    "backup": "snapshots of the volumes and the object storage's own copies",
    "backup-copy": "as backup",
    "backup-reader": "as backup",
    "backup-prometheus": "as backup",
}

# What SCALE=on adds and the values haven't, with what takes its place.
LEFT_OUT_OF_SCALE = {
    "storage": "any S3 that the cluster reaches: a Secret of one's own names it",
    "storage-buckets": "the bucket is there before",
    "storage-history": "nothing moves here from one machine",
    "query-gateway": "the Service thanos-query leads to one that is ready",
    "erp-gateway": "the Service erp-web leads to one that is ready",
}


def committed_settings() -> Settings:
    """The defaults, whatever .env says. With a DSN, so that this machine's own Sentry changes nothing."""
    return Settings(defaults(), {"SENTRY_DSN": ""})


@cache
def own_programs() -> dict[str, dict[str, str]]:
    """The labels by which the monitoring's own programs are found here; in Compose a file names them."""
    found = {}
    for group in yaml.safe_load((ROOT / "prometheus" / "monitoring.yml").read_text(encoding="utf-8")):
        honors = {"honor-labels": "on"} if "honor_labels" in group.get("labels", {}) else {}
        for target in group["targets"]:
            name, _, port = target.partition(":")
            found[name] = {"metrics-port": port} | honors
    return found


@dataclass
class Plain(Stack):
    """These files alone, without what somebody has changed for themselves."""

    names: tuple[str, ...] = ("compose.yaml",)

    @property
    def files(self) -> list[Path]:
        return [self.root / name for name in self.names]


class Model:
    """The services of compose.yaml, filled in with settings."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        stack = Plain(settings, "official")
        self.services: dict[str, Service] = stack.everything["services"]
        self.networks: dict[str, dict[str, Any]] = stack.everything["networks"]
        variables = stack.variables
        self.external_url = {name: variables[f"BASE_URL_{name.upper()}"] for name in ("prometheus", "alertmanager")}

    @cached_property
    def scaled(self) -> dict[str, Service]:
        """The services of SCALE=on."""
        settings = Settings(self.settings.values | {"SCALE": "on"}, self.settings.given)
        stack = Plain(settings, "official", names=("compose.yaml", "compose.scale.yaml"))
        services: dict[str, Service] = stack.everything["services"]
        return services

    def folders(self) -> dict[str, tuple[str, ...]]:
        """The services of each folder that run by these settings."""
        there = {folder: [n for n in names if n not in self.settings.absent] for folder, names in FOLDERS.items()}
        return {folder: tuple(names) for folder, names in there.items() if names}

    def labels(self, name: str) -> dict[str, str]:
        """The service's labels of docs/applications.md, without their prefix."""
        given = self.services[name].get("labels", {})
        labelled = {key.removeprefix(PREFIX): value for key, value in given.items() if key.startswith(PREFIX)}
        return labelled | own_programs().get(name, {})

    def ports(self, name: str) -> list[int]:
        """Every port that the service says of itself, or that another one names with it."""
        service = self.services[name]
        labels = self.labels(name)
        own = {labels[key] for key in ("metrics-port", "health-port") if key in labels}
        own |= {str(port["target"]) for port in service.get("ports", [])}
        own |= set(re.findall(r"127\.0\.0\.1:(\d+)", json.dumps(service.get("healthcheck", {}))))
        others = json.dumps([each.get("environment", {}) for each in self.services.values()])
        return sorted({int(port) for port in own | set(re.findall(rf"\b{name}:(\d+)", others))})

    def is_asked(self, name: str) -> bool:
        """Whether others reach it by its name."""
        others = [each for other, each in self.services.items() if other != name]
        values = json.dumps([each.get("environment", {}) for each in others])
        by_name = re.search(rf'"{name}"|\b{name}:\d', values)
        return bool(by_name or self.services[name].get("ports") or "health" in self.labels(name)) or name == "blackbox"

    def neighbours(self, name: str) -> list[str]:
        """The services of the same namespace that share a network with it from which nothing gets out."""
        here = [each for names in FOLDERS.values() for each in names if self.namespace(each) == self.namespace(name)]
        own = self._inner_networks(name)
        return sorted(each for each in here if each != name and own & self._inner_networks(each))

    def _inner_networks(self, name: str) -> set[str]:
        named = self.services[name].get("networks") or {}
        return {network for network in named if (self.networks.get(network) or {}).get("internal")}

    def namespace(self, name: str) -> str:
        is_ours = any(name in FOLDERS[folder] for folder in IN_MONITORING)
        return MONITORING_NAMESPACE if is_ours else APPLICATION_NAMESPACE


@cache
def committed() -> Model:
    """The model of the files that are committed."""
    return Model(committed_settings())


def relative(path: str) -> Path:
    """A path of the model, as the repository has it; raises ValueError for one outside."""
    return Path(path).relative_to(ROOT)
