"""The overlay by which deploy/kubernetes runs on the node of images/kubernetes.

Its images are those that are built here. With it come the operator, volumes, and ports by which a test reaches a
service.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from deploy.kubernetes.model import FOLDERS, MONITORING_NAMESPACE, committed
from ops import recipes
from ops.recipes import Recipe

Object = dict[str, Any]
# A shopper's orders beside the counted ones would only cost time.
LEFT_OUT = ("traffic",)
OPERATOR = "quay.io/prometheus-operator/prometheus-operator"
RELOADER = "--prometheus-config-reloader="
FIRST_CONTAINER = "/spec/template/spec/containers/0"
# By service: its namespace, its port, and the port of the node that leads to it.
PUBLISHED = {
    "erp-web": ("erp", 8000, 30080),
    "prometheus": ("monitoring", 9090, 30090),
    "alertmanager": ("monitoring", 9093, 30093),
    "loki": ("monitoring", 3100, 30100),
    "inbox": ("erp", 8095, 30095),
    "mailpit": ("erp", 8025, 30025),
}
VOLUMES, VOLUMES_FOLDER, STORAGE_CLASS = 12, "/var/lib/node/volumes", "node"
KUSTOMIZATION: Object = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}


def images() -> dict[str, Recipe]:
    """The recipe of each official image that deploy/kubernetes names."""
    found = {service: recipe for recipe in recipes.recipes().values() for service in recipe.services}
    found["prometheus"] = recipes.recipes()["prometheus-kubernetes"]
    names = [name for folder in FOLDERS.values() for name in folder]
    return {committed().services[name]["image"]: found[name] for name in names}


def write(folder: Path, objects: str) -> None:
    """Two Kustomizations, `operator` and `all`, in `folder`; `objects` is how deploy/kubernetes lies beside each."""
    operator, everything = folder / "operator", folder / "all"
    for each in (operator, everything):
        each.mkdir()
    _dump(operator / "kustomization.yaml", _operator())
    _dump(everything / "kustomization.yaml", _everything(objects))
    _dump(everything / "node.yaml", *_volumes(), *_ports())


def _operator() -> Object:
    recipe = recipes.recipes()["prometheus-operator"]
    steps = [
        {"op": "add", "path": f"{FIRST_CONTAINER}/args/-", "value": f"{RELOADER}{recipe.reference}"},
        {"op": "add", "path": f"{FIRST_CONTAINER}/command", "value": ["/bin/operator"]},
        {"op": "remove", "path": f"{FIRST_CONTAINER}/resources/limits"},
    ]
    patch = {"target": {"kind": "Deployment"}, "patch": json.dumps(steps)}
    return KUSTOMIZATION | {
        "namespace": MONITORING_NAMESPACE,
        "resources": ["bundle.yaml"],
        "images": [_renamed(OPERATOR, recipe)],
        "patches": [patch],
    }


def _everything(objects: str) -> Object:
    of_the_operator = [
        {
            "target": {"kind": name.capitalize(), "name": name},
            "patch": json.dumps([{"op": "replace", "path": "/spec/image", "value": _recipe_of(name).reference}]),
        }
        for name in ("prometheus", "alertmanager")
    ]
    return KUSTOMIZATION | {
        "resources": [*(f"{objects}/{name}" for name in FOLDERS), "node.yaml"],
        "images": [_renamed(image.rpartition(":")[0], recipe) for image, recipe in images().items()],
        "replicas": [{"name": name, "count": 0} for name in LEFT_OUT],
        "patches": of_the_operator,
    }


def _recipe_of(service: str) -> Recipe:
    return images()[committed().services[service]["image"]]


def _renamed(name: str, recipe: Recipe) -> Object:
    reference, _, tag = recipe.reference.rpartition(":")
    return {"name": name, "newName": reference, "newTag": tag}


def _volumes() -> list[Object]:
    """Folders of the node; unlike those of a hostPath they take over a pod's fsGroup."""
    storage: Object = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": STORAGE_CLASS, "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": "kubernetes.io/no-provisioner",
        "volumeBindingMode": "WaitForFirstConsumer",
    }
    there = {"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]}
    spec = {
        "storageClassName": STORAGE_CLASS,
        "accessModes": ["ReadWriteOnce"],
        "capacity": {"storage": "50Gi"},
        "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [there]}]}},
    }
    return [storage] + [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": f"node-{number}"},
            "spec": spec | {"local": {"path": f"{VOLUMES_FOLDER}/{number}"}},
        }
        for number in range(VOLUMES)
    ]


def _ports() -> list[Object]:
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": f"{name}-published", "namespace": namespace},
            "spec": {
                "type": "NodePort",
                # The two of a pair differ by what each has missed.
                "sessionAffinity": "ClientIP" if namespace == MONITORING_NAMESPACE else "None",
                "selector": {"app.kubernetes.io/name": name},
                "ports": [{"port": port, "targetPort": port, "nodePort": node_port}],
            },
        }
        for name, (namespace, port, node_port) in PUBLISHED.items()
    ]


def _dump(file: Path, *objects: Object) -> None:
    file.write_text(yaml.safe_dump_all(objects, sort_keys=False), encoding="utf-8")
