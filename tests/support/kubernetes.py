"""The committed objects of deploy/kubernetes, as kubectl would read them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ops.paths import ROOT

FOLDER = ROOT / "deploy" / "kubernetes"
VALUES = FOLDER / "values"
Object = dict[str, Any]


@cache
def files() -> dict[str, tuple[Object, ...]]:
    """The documents of each file by its path below deploy/kubernetes; without values and Kustomizations."""
    paths = [path for path in sorted(FOLDER.rglob("*.yaml")) if path.parent != VALUES]
    return {str(path.relative_to(FOLDER)): _documents(path) for path in paths if path.name != "kustomization.yaml"}


def _documents(path: Path) -> tuple[Object, ...]:
    return tuple(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def objects(*kinds: str) -> list[Object]:
    """Every object, or those of some kinds."""
    return [each for documents in files().values() for each in documents if not kinds or each["kind"] in kinds]


def one(kind: str, name: str, namespace: str = "") -> Object:
    [found] = [
        each
        for each in objects(kind)
        if each["metadata"]["name"] == name and namespace in ("", each["metadata"].get("namespace"))
    ]
    return found


def pods() -> dict[str, Object]:
    """The template of each pod, by the name of what runs it."""
    kinds = ("Deployment", "StatefulSet", "DaemonSet", "Job")
    return {each["metadata"]["name"]: each["spec"]["template"] for each in objects(*kinds)}


def containers(pod: Object) -> list[Object]:
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


def config(name: str, namespace: str = "") -> dict[str, str]:
    """What a ConfigMap holds."""
    return dict(one("ConfigMap", name, namespace)["data"])


def values(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((VALUES / f"{name}.yaml").read_text(encoding="utf-8")))
