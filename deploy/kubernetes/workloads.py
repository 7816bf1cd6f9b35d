"""A Compose service's objects: what keeps it running, its address, its files, and who may reach it."""

from __future__ import annotations

from typing import Any

from deploy.kubernetes import pods
from deploy.kubernetes.model import APPLICATION_NAMESPACE, MONITORING_NAMESPACE, Model, Object

REPLICAS = {"erp-web": 2, "erp-worker": 2}
# Two schedulers would send every task twice.
NEVER_TWO = ("erp-beat",)
# Told by Alertmanager, which runs in the other namespace, by the names of alertmanager/ and secrets/.
NAMED_FROM_MONITORING = ("inbox", "mailpit")
# Why it fails is what the Job says; a line at CRITICAL for each try would be an alert.
UNTIL_MIGRATED = """\
until python manage.py migrate --check 2> /dev/null; do
  echo "The database isn't migrated yet, or doesn't answer: the log of erp-migrate says which."
  sleep 2
done
"""
JOB_RETRIES = 10
JOB_KEPT_SECONDS = 86400


def objects(model: Model, name: str) -> list[Object]:
    """Every object of one service; none for one that only prepares another."""
    service = model.services[name]
    if service["restart"] == "no" and not _is_own_job(model, name):
        return []
    namespace = model.namespace(name)
    owners = (name, *_prepared_by(model, name))
    read = {config: data for owner in owners for config, data in pods.configs(model, owner).items()}
    found = [_named("v1", "ConfigMap", config, namespace, name) | {"data": data} for config, data in read.items()]
    if service["restart"] == "no":
        spec: Object = {"backoffLimit": JOB_RETRIES, "ttlSecondsAfterFinished": JOB_KEPT_SECONDS}
        template = pods.pod(model, name, before=[], restart="OnFailure")
        return [*found, _named("batch/v1", "Job", name, namespace, name) | {"spec": spec | {"template": template}}]
    found.append(_runs(model, name, namespace))
    ports = [{"name": f"port-{port}", "port": port, "targetPort": port} for port in model.ports(name)]
    selected = {"app.kubernetes.io/name": name}
    if model.is_asked(name):
        address = {"selector": selected, "ports": ports}
        found.append(_named("v1", "Service", name, namespace, name) | {"spec": address})
    if REPLICAS.get(name, 1) > 1:
        budget = {"minAvailable": 1, "selector": {"matchLabels": selected}}
        found.append(_named("policy/v1", "PodDisruptionBudget", name, namespace, name) | {"spec": budget})
    if namespace == APPLICATION_NAMESPACE:
        found.append(_who_may_reach(model, name, namespace))
    if name in NAMED_FROM_MONITORING:
        alias = {"type": "ExternalName", "externalName": f"{name}.{namespace}.svc.cluster.local"}
        found.append(_named("v1", "Service", name, MONITORING_NAMESPACE, name) | {"spec": alias})
    return found


def _runs(model: Model, name: str, namespace: str) -> Object:
    claims = pods.volume_claims(model.services[name])
    template = pods.pod(model, name, before=_before(model, name), prepared_by=_prepared_by(model, name))
    replicas = REPLICAS.get(name, 1)
    selector = {"matchLabels": {"app.kubernetes.io/name": name}}
    spec: Object = {"replicas": replicas, "selector": selector}
    if claims:
        spec |= {"serviceName": name, "template": template, "volumeClaimTemplates": claims}
        return _named("apps/v1", "StatefulSet", name, namespace, name) | {"spec": spec}
    if name in NEVER_TWO:
        spec["strategy"] = {"type": "Recreate"}
    if replicas > 1:
        spec["strategy"] = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0}}
        apart = {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}
        template["spec"]["topologySpreadConstraints"] = [apart | {"labelSelector": selector}]
    return _named("apps/v1", "Deployment", name, namespace, name) | {"spec": spec | {"template": template}}


def _before(model: Model, name: str) -> list[Object]:
    """Containers in place of Compose's `depends_on … service_completed_successfully`."""
    found = [pods.container(model, other, has_probes=False) for other in _prepared_by(model, name)]
    own = pods.container(model, name, has_probes=False)
    for other in _waits_for(model, name):
        if _is_own_job(model, other):
            waits = {"name": f"wait-for-{other}", "args": ["sh", "-c", UNTIL_MIGRATED]}
            # A database that isn't there yet is no error for the tracker.
            found.append(own | waits | {"env": [{"name": "SENTRY_DSN_FILE", "value": ""}]})
    if "PGDATA" in pods.environment(model.services[name]):
        # The image that is built here expects the folder.
        found.append(own | {"name": "make-folder", "command": ["install", "-d", "-m", "0700"], "args": [pods.PGDATA]})
    return found


def _prepared_by(model: Model, name: str) -> list[str]:
    return [other for other in _waits_for(model, name) if not _is_own_job(model, other)]


def _waits_for(model: Model, name: str) -> list[str]:
    given = model.services[name].get("depends_on", {})
    return [other for other, each in given.items() if each["condition"] == "service_completed_successfully"]


def _is_own_job(model: Model, name: str) -> bool:
    """Whether a service that runs to its end is more than the preparation of one volume."""
    return not any(each["type"] == "volume" for each in model.services[name].get("volumes", []))


def _who_may_reach(model: Model, name: str, namespace: str) -> Object:
    """Those that share an internal network with it in Compose; Prometheus and blackbox where they ask it."""
    labels = model.labels(name)
    given: list[Object] = []
    if others := model.neighbours(name):
        among = {"key": "app.kubernetes.io/name", "operator": "In", "values": others}
        given.append({"from": [{"podSelector": {"matchExpressions": [among]}}]})
    if {"metrics-port", "health"} & set(labels) or name in NAMED_FROM_MONITORING:
        asker = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": MONITORING_NAMESPACE}}}
        given.append({"from": [asker]})
    if published := [port["target"] for port in model.services[name].get("ports", [])]:
        given.append({"ports": [{"port": port} for port in sorted(set(published))]})
    spec = {
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": name}},
        "policyTypes": ["Ingress"],
        "ingress": given,
    }
    return _named("networking.k8s.io/v1", "NetworkPolicy", name, namespace, name) | {"spec": spec}


def _named(version: str, kind: str, name: str, namespace: str, service: str) -> dict[str, Any]:
    labels = {"app.kubernetes.io/name": service, "app.kubernetes.io/managed-by": "make-kubernetes"}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": namespace, "labels": labels}}
