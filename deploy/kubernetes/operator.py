"""Prometheus and Alertmanager as the operator's own objects, in place of the charts where the operator runs already."""

from __future__ import annotations

from deploy.kubernetes import values
from deploy.kubernetes.model import MONITORING_NAMESPACE, Model, Object

PROMETHEUS, ALERTMANAGER = "prometheus", "alertmanager"
# Where the charts' values have another name than the operator's objects, or what only a chart knows.
CHARTS_ALONE = ("image", "storageSpec", "additionalAlertRelabelConfigs", "prometheusExternalLabelNameClear")
SELECTED = ("rule", "podMonitor", "probe")


def prometheus(model: Model) -> list[Object]:
    """The pair, and the rights to see pods in every namespace and where its own namespace's Alertmanagers are."""
    given = values.prometheus_spec(model)
    spec = {key: value for key, value in given.items() if key not in CHARTS_ALONE and "NilUsesHelmValues" not in key}
    name, _, namespace = values.ALERTMANAGERS.partition(".")
    selectors: Object = {f"{kind}{what}": {} for kind in SELECTED for what in ("Selector", "NamespaceSelector")}
    spec |= selectors | {
        "image": model.services[PROMETHEUS]["image"],
        "serviceAccountName": PROMETHEUS,
        "prometheusExternalLabelName": "",
        "alerting": {"alertmanagers": [{"name": name, "namespace": namespace, "port": values.ALERTMANAGER_PORT_NAME}]},
        "securityContext": values.security_context(model.services[PROMETHEUS]),
        "storage": given["storageSpec"],
    }
    verbs = ["get", "list", "watch"]
    may = {"apiGroups": [""], "resources": ["pods"], "verbs": verbs}
    # By the one or the other, as the operator is told.
    here = [
        {"apiGroups": [""], "resources": ["services", "endpoints", "pods"], "verbs": verbs},
        {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": verbs},
    ]
    role = {"name": PROMETHEUS, "apiGroup": "rbac.authorization.k8s.io"}
    account = {"kind": "ServiceAccount", "name": PROMETHEUS, "namespace": MONITORING_NAMESPACE}
    place = {"name": PROMETHEUS, "namespace": MONITORING_NAMESPACE}
    rights = "rbac.authorization.k8s.io/v1"
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": place},
        {"apiVersion": rights, "kind": "ClusterRole", "metadata": {"name": PROMETHEUS}, "rules": [may]},
        {"apiVersion": rights, "kind": "ClusterRoleBinding", "metadata": {"name": PROMETHEUS}}
        | {"roleRef": role | {"kind": "ClusterRole"}, "subjects": [account]},
        {"apiVersion": rights, "kind": "Role", "metadata": place, "rules": here},
        {"apiVersion": rights, "kind": "RoleBinding", "metadata": place}
        | {"roleRef": role | {"kind": "Role"}, "subjects": [account]},
        {"apiVersion": "monitoring.coreos.com/v1", "kind": "Prometheus", "metadata": place, "spec": spec},
    ]


def alertmanager(model: Model) -> list[Object]:
    given = values.alertmanager_spec(model)
    spec = {key: value for key, value in given.items() if key not in ("image", "useExistingSecret")}
    service = model.services[ALERTMANAGER]
    spec |= {"image": service["image"], "securityContext": values.security_context(service)}
    place = {"name": ALERTMANAGER, "namespace": MONITORING_NAMESPACE}
    return [{"apiVersion": "monitoring.coreos.com/v1", "kind": "Alertmanager", "metadata": place, "spec": spec}]
