"""Promtail on every node: promtail/promtail.yml with the kubelet's files in the place of Docker's API."""

from __future__ import annotations

import hashlib
import re

from deploy.kubernetes import pods
from deploy.kubernetes.model import MONITORING_NAMESPACE, Model, Object
from deploy.kubernetes.monitors import COMPOSE, DOCKER, LABEL, POD_LABEL
from ops.paths import ROOT

NAME = "promtail"
SOURCE = ROOT / "promtail" / "promtail.yml"
POSITIONS = "/var/lib/promtail"
LOGS = "/var/log/pods"
DISCOVERY = """\
    kubernetes_sd_configs:
      - role: pod
        selectors:
          - role: pod
            label: observability.application
"""
# The kubelet's files: NAMESPACE_POD_UID/CONTAINER/0.log
FILES = """\
      # Promtail takes those whose __host__ is its HOSTNAME: the pods of its own node.
      - source_labels: [__meta_kubernetes_pod_node_name]
        target_label: __host__
      - source_labels:
          - __meta_kubernetes_namespace
          - __meta_kubernetes_pod_name
          - __meta_kubernetes_pod_uid
          - __meta_kubernetes_pod_container_name
        separator: ";"
        regex: (.+);(.+);(.+);(.+)
        target_label: __path__
        replacement: /var/log/pods/${1}_${2}_${3}/${4}/*.log
    # The timestamp is the container runtime's: Loki then stores a line that is sent twice after a restart only once.
    pipeline_stages:
      - cri: {}
      - labeldrop: [filename]
"""
STREAM = re.compile(r"      - source_labels: \[__meta_docker_container_log_stream\]\n        target_label: stream\n")
STACK = re.compile(r"      # This stack's:.*\n      - source_labels: \[.*_stack\]\n        regex: .*\n.*keep\n")


def configuration(original: str) -> str:
    """promtail.yml for a node; raises LookupError where that file no longer has what is replaced here."""
    text = original.partition("\nserver:\n")
    head = "# promtail/promtail.yml with the kubelet's files in the place of Docker's API, made by `make kubernetes`.\n"
    body = text[1].lstrip("\n") + text[2]
    body = _replaced(body, r"filename: .*/positions\.yaml", f"filename: {POSITIONS}/positions.yaml")
    body = _replaced(body, r"    docker_sd_configs:\n(?:      .*\n)+?(?=    relabel_configs)", DISCOVERY)
    body = _replaced(body, STACK.pattern, "")
    body = _replaced(body, STREAM.pattern, "")
    body = _replaced(body, r"    # The timestamp stays .*\n    pipeline_stages:\n", FILES)
    body = _replaced(body, rf"\[{DOCKER}name\]\n        regex: /\(\.\+\)", "[__meta_kubernetes_pod_container_name]")
    body = _replaced(body, f"{COMPOSE}service", "__meta_kubernetes_pod_label_app_kubernetes_io_name")
    body = _replaced(body, "without end: Docker keeps the lines until it rotates its files", "without end")
    body = body.replace(LABEL, POD_LABEL)
    if "docker" in body.lower():
        left = [line.strip() for line in body.splitlines() if "docker" in line.lower()]
        raise LookupError(f"{SOURCE.name} has {left}, for which {__name__} knows nothing of Kubernetes: add it.")
    return head + body


def _replaced(text: str, pattern: str, new: str) -> str:
    changed, count = re.subn(pattern, lambda _: new, text)
    if count != 1:
        raise LookupError(f"Expected {pattern!r} once in {SOURCE.name}, from which a node's is made; found {count}.")
    return changed


def objects(model: Model) -> list[Object]:
    text = configuration(SOURCE.read_text(encoding="utf-8"))
    service = model.services[NAME]
    metadata = pods.metadata(model, NAME)
    metadata["annotations"] = {"erp.stamp": hashlib.sha256(text.encode()).hexdigest()[:12]}
    container = pods.container(model, NAME)
    container |= {
        "command": ["promtail"],
        "args": ["-config.file=/etc/promtail/promtail.yml"],
        "env": [{"name": "HOSTNAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}],
        "ports": [{"name": "metrics", "containerPort": int(model.labels(NAME)["metrics-port"])}],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "metrics"}, "periodSeconds": 15},
        # The kubelet's files are root's, and readable by nobody else.
        "securityContext": container["securityContext"] | {"runAsUser": 0, "runAsGroup": 0},
        "volumeMounts": [
            {"name": "config", "mountPath": "/etc/promtail", "readOnly": True},
            {"name": "positions", "mountPath": POSITIONS},
            {"name": "logs", "mountPath": LOGS, "readOnly": True},
        ],
    }
    spec = {
        "serviceAccountName": NAME,
        "enableServiceLinks": False,
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "terminationGracePeriodSeconds": pods.seconds(service["stop_grace_period"]),
        "tolerations": [{"operator": "Exists", "effect": "NoSchedule"}],
        "containers": [container],
        "volumes": [
            {"name": "config", "configMap": {"name": NAME, "defaultMode": 0o444}},
            {"name": "positions", "hostPath": {"path": POSITIONS, "type": "DirectoryOrCreate"}},
            {"name": "logs", "hostPath": {"path": LOGS}},
        ],
    }
    selector = {"matchLabels": {"app.kubernetes.io/name": NAME}}
    role = {"kind": "ClusterRole", "name": NAME, "apiGroup": "rbac.authorization.k8s.io"}
    account = {"kind": "ServiceAccount", "name": NAME, "namespace": MONITORING_NAMESPACE}
    may = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}
    return [
        _object("v1", "ConfigMap") | {"data": {"promtail.yml": text}},
        _object("v1", "ServiceAccount"),
        _object("rbac.authorization.k8s.io/v1", "ClusterRole", everywhere=True) | {"rules": [may]},
        _object("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", everywhere=True)
        | {"roleRef": role, "subjects": [account]},
        _object("apps/v1", "DaemonSet")
        | {"spec": {"selector": selector, "template": {"metadata": metadata, "spec": spec}}},
    ]


def _object(version: str, kind: str, *, everywhere: bool = False) -> Object:
    place = {} if everywhere else {"namespace": MONITORING_NAMESPACE}
    labels = {"app.kubernetes.io/name": NAME, "app.kubernetes.io/managed-by": "make-kubernetes"}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": NAME, **place, "labels": labels}}
