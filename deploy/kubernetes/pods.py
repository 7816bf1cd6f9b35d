"""A Compose service as a pod: its container, what it mounts, and how its health is asked for."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deploy.kubernetes import loki
from deploy.kubernetes.model import PREFIX, Model, Object, Service, relative
from ops.paths import ROOT

SECRETS = "secrets"
# A container without a request gets nothing from a busy node; Compose knows no requests.
CPU_REQUEST = "25m"
VOLUME_SIZES = {
    "erp-db-data": "20Gi",
    "erp-redis-data": "2Gi",
    "bugsink-data": "10Gi",
    "bugsink-queue": "2Gi",
    "loki-data": "20Gi",
}
# A volume's root isn't the server's own, and has folders of the file system: the data lie in a folder below.
PGDATA = "/var/lib/postgresql/data/pgdata"
# Valid as the value of a Kubernetes label; what isn't becomes an annotation.
LABEL_VALUE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
# Of Compose alone: Docker's networks, and stacks that share an engine.
WITHOUT_MEANING = ("network", "stack")
# Not for a container, but what describes and composes it.
NOT_MOUNTED = ("compose.yaml",)
# What a file says otherwise here, as its text is changed.
CHANGED = {ROOT / "loki" / "loki.yml": loki.own_file}


def seconds(duration: str) -> int:
    """Of Compose's 1m30s or 0s."""
    parts = re.findall(r"(\d+)([hms])", duration)
    return sum(int(number) * {"h": 3600, "m": 60, "s": 1}[unit] for number, unit in parts)


def metadata(model: Model, name: str) -> dict[str, Any]:
    """Labels and annotations of the pod, by which it is found as a container is by its labels."""
    given = {key: value for key, value in model.labels(name).items() if key not in WITHOUT_MEANING}
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": given["application"]}
    labels |= {f"{PREFIX}{key}": value for key, value in given.items() if LABEL_VALUE.fullmatch(value)}
    others = {f"{PREFIX}{key}": value for key, value in given.items() if not LABEL_VALUE.fullmatch(value)}
    return {"labels": labels, **({"annotations": others} if others else {})}


def configs(model: Model, name: str) -> dict[str, dict[str, str]]:
    """What its ConfigMaps hold, by their names: its variables, and the files of the repository that it mounts."""
    service = model.services[name]
    found = {name: variables} if (variables := environment(service)) else {}
    for mount in _mounts(service, "bind"):
        path = ROOT / relative(mount["source"])
        files = [each for each in sorted(path.iterdir()) if each.is_file()] if path.is_dir() else [path]
        kept = [each for each in files if each.name not in NOT_MOUNTED]
        found[_config_name(path)] = {each.name: _text(each) for each in kept}
    return found


def _text(file: Path) -> str:
    text = file.read_text(encoding="utf-8")
    return CHANGED[file](text) if file in CHANGED else text


def environment(service: Service) -> dict[str, str]:
    """Its variables, of which none is a secret: those are files."""
    given = {key: "" if value is None else str(value) for key, value in (service.get("environment") or {}).items()}
    return given | ({"PGDATA": PGDATA} if "POSTGRES_DB" in given else {})


def volume_claims(service: Service) -> list[Object]:
    return [
        {
            "metadata": {"name": mount["source"]},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": VOLUME_SIZES[mount["source"]]}},
            },
        }
        for mount in _mounts(service, "volume")
    ]


def volumes(name: str, service: Service) -> list[Object]:
    """What the pod mounts beside its claims."""
    found: list[Object] = [
        {"name": _memory_name(name, path), "emptyDir": {"medium": "Memory", "sizeLimit": size}}
        for path, size in _memory(service).items()
    ]
    for mount in _mounts(service, "bind"):
        path = ROOT / relative(mount["source"])
        files = path.iterdir() if path.is_dir() else [path]
        is_program = any(each.is_file() and each.stat().st_mode & 0o100 for each in files)
        config = {"name": _config_name(path), "defaultMode": 0o555 if is_program else 0o444}
        found.append({"name": config["name"], "configMap": config})
    if keys := [each["source"] for each in service.get("secrets", [])]:
        items = [{"key": key, "path": key} for key in keys]
        secret = {"secretName": SECRETS, "defaultMode": 0o444, "items": items}
        found.append({"name": f"{name}-secrets", "secret": secret})
    return found


def container(model: Model, name: str, *, has_probes: bool = True) -> Object:
    service = model.services[name]
    ports = [{"name": _port_name(model, name, port), "containerPort": port} for port in model.ports(name)]
    found: Object = {"name": name, "image": service["image"]}
    found |= {"command": service["entrypoint"]} if service.get("entrypoint") else {}
    found |= {"args": [_dollars(word) for word in service["command"]]} if service.get("command") else {}
    found |= {"envFrom": [{"configMapRef": {"name": name}}]} if environment(service) else {}
    found |= {"ports": ports} if ports and has_probes else {}
    found |= _probes(model, name) if has_probes else {}
    user, _, group = service["user"].partition(":")
    found["securityContext"] = {
        "runAsUser": int(user),
        "runAsGroup": int(group),
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": service["read_only"],
        "capabilities": {"drop": service["cap_drop"]},
    }
    memory = f"{int(service['mem_limit']) >> 20}Mi"
    found["resources"] = {"requests": {"cpu": CPU_REQUEST, "memory": memory}, "limits": {"memory": memory}}
    return found | ({"volumeMounts": mounts} if (mounts := _volume_mounts(name, service)) else {})


def pod(
    model: Model, name: str, *, before: list[Object], prepared_by: Sequence[str] = (), restart: str = "Always"
) -> Object:
    """The template of its pod. `before`: containers that have to end well first; `prepared_by`: services among them."""
    service = model.services[name]
    described = metadata(model, name)
    if read := [each for owner in (name, *prepared_by) for each in configs(model, owner).items()]:
        # Other settings or files are another pod.
        stamp = hashlib.sha256(repr(sorted(read)).encode()).hexdigest()[:12]
        described.setdefault("annotations", {})["erp.stamp"] = stamp
    context: Object = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    if _mounts(service, "volume"):
        context |= {"fsGroup": int(service["user"].partition(":")[2]), "fsGroupChangePolicy": "OnRootMismatch"}
    spec: Object = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": context,
        "terminationGracePeriodSeconds": seconds(service.get("stop_grace_period", "10s")),
    }
    if restart != "Always":
        spec["restartPolicy"] = restart
    if options := [str(each).partition(":") for each in service.get("dns_opt", [])]:
        spec["dnsConfig"] = {"options": [{"name": key, "value": value} for key, _, value in options]}
    spec |= {"initContainers": before} if before else {}
    spec["containers"] = [container(model, name)]
    mounted = [each for owner in (name, *prepared_by) for each in volumes(owner, model.services[owner])]
    spec |= {"volumes": list({each["name"]: each for each in mounted}.values())} if mounted else {}
    return {"metadata": described, "spec": spec}


def _volume_mounts(name: str, service: Service) -> list[Object]:
    found: list[Object] = [{"name": each["source"], "mountPath": each["target"]} for each in _mounts(service, "volume")]
    found += [{"name": _memory_name(name, path), "mountPath": path} for path in _memory(service)]
    for mount in _mounts(service, "bind"):
        path = ROOT / relative(mount["source"])
        one = {"name": _config_name(path), "mountPath": mount["target"], "readOnly": True}
        found.append(one if path.is_dir() else one | {"subPath": path.name})
    if service.get("secrets"):
        found.append({"name": f"{name}-secrets", "mountPath": "/run/secrets", "readOnly": True})
    return found


def _mounts(service: Service, kind: str) -> list[dict[str, Any]]:
    return [each for each in service.get("volumes", []) if each["type"] == kind]


def _memory(service: Service) -> dict[str, str]:
    """The folders in memory, with their sizes as Kubernetes writes them."""
    given = [each.partition(":") for each in service.get("tmpfs", [])]
    found = {path: re.sub(r".*size=(\d+)m.*", r"\1Mi", options) for path, _, options in given}
    return found | ({"/dev/shm": f"{int(service['shm_size']) >> 20}Mi"} if "shm_size" in service else {})  # noqa: S108


def _probes(model: Model, name: str) -> Object:
    """Ready by Compose's health check. Alive, and started anew if not, only where the program says so of itself.

    Neither a store nor a program that only waits for one is ended for that: Docker doesn't end it either.
    """
    check = model.services[name].get("healthcheck")
    if not check:
        return {}
    test = check["test"]
    url = re.search(r"http://127\.0\.0\.1:(\d+)(/[^\s\"']*)", " ".join(test))
    times = {
        "periodSeconds": seconds(check["interval"]),
        "timeoutSeconds": seconds(check["timeout"]),
        "failureThreshold": check["retries"],
    }
    if not url:
        words = test[1:] if test[0] == "CMD" else ["sh", "-c", *test[1:]]
        return {"readinessProbe": {"exec": {"command": [_dollars(word) for word in words]}} | times}
    found: Object = {"readinessProbe": {"httpGet": _get(model, name, int(url[1]), url[2])} | times}
    alive = next((path for path in (url[2], *model.labels(name).get("health", "").split(",")) if path == "/livez"), "")
    if alive:
        asked = {"httpGet": _get(model, name, int(url[1]), alive)}
        tries = seconds(check["start_period"]) // seconds(check["start_interval"])
        found["startupProbe"] = asked | {"periodSeconds": seconds(check["start_interval"]), "failureThreshold": tries}
        found["livenessProbe"] = asked | times
    return found


def _get(model: Model, name: str, port: int, path: str) -> Object:
    header = {"name": "Host", "value": name}  # one that it answers to: a pod's address isn't in ALLOWED_HOSTS
    return {"path": path, "port": _port_name(model, name, port), "httpHeaders": [header]}


def _port_name(model: Model, name: str, port: int) -> str:
    return "metrics" if model.labels(name).get("metrics-port") == str(port) else f"port-{port}"


def _dollars(text: str) -> str:
    """Kubernetes fills $(NAME) in, Compose has written a dollar twice."""
    return str(text).replace("$$", "$")


def _config_name(path: Path) -> str:
    return re.sub(r"[^a-z0-9]+", "-", str(path.relative_to(ROOT)).lower()).strip("-")


def _memory_name(name: str, path: str) -> str:
    return f"{name}-{path.strip('/').replace('/', '-')}"
