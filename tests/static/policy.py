"""What every service of the Compose files keeps to; exceptions: docs/operations/hardening-exceptions.yml."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from tests.static.compose_model import environment, words

Service = dict[str, Any]
Check = Callable[[Service], Iterator[str]]

LOOPBACK = "${BIND:-127.0.0.1}:"
SECRET_NAME = re.compile(r"PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|_KEY$|DSN|CREDENTIAL", re.IGNORECASE)
CREDENTIALS_IN_URL = re.compile(r"://[^/\s:@]*:[^/\s@]+@")
SECRET_OPTION = re.compile(r"^--?[\w.-]*(?:password|secret|token|api-?key)[\w.-]*=(?!/run/secrets).+", re.IGNORECASE)
HOST_FOLDERS = re.compile(
    r"^/($|etc|proc|sys|dev|root|home|usr|boot|lib|var(?!/run/docker\.sock)|run(?!/docker\.sock))"
)
DOCKER_SOCKET = re.compile(r"docker\.sock|containerd\.sock|DOCKER_SOCKET")

RULES: dict[str, Check] = {}


def rule(name: str) -> Callable[[Check], Check]:
    def register(check: Check) -> Check:
        RULES[name] = check
        return check

    return register


@rule("health-check")
def _health_check(service: Service) -> Iterator[str]:
    check = service.get("healthcheck") or {}
    if not check.get("test") or check.get("disable") or words(check["test"])[:1] == ["NONE"]:
        yield "has no health check"


@rule("memory-limit")
def _memory_limit(service: Service) -> Iterator[str]:
    if not service.get("mem_limit"):
        yield "has no mem_limit"


@rule("pids-limit")
def _pids_limit(service: Service) -> Iterator[str]:
    limit = service.get("pids_limit", 0)
    if not isinstance(limit, int) or limit <= 0:
        yield f"has pids_limit {limit}, expected a positive number"


@rule("non-root")
def _non_root(service: Service) -> Iterator[str]:
    user = str(service.get("user", "")).partition(":")[0]
    if user in ("", "0", "root"):
        yield f"runs as user '{user}', expected an explicit one that isn't root"


@rule("read-only-root")
def _read_only_root(service: Service) -> Iterator[str]:
    if service.get("read_only") is not True:
        yield "has a writable root filesystem"


@rule("no-capabilities")
def _no_capabilities(service: Service) -> Iterator[str]:
    if service.get("cap_drop") != ["ALL"]:
        yield f"drops {service.get('cap_drop')}, expected [ALL]"
    if service.get("cap_add"):
        yield f"adds {service['cap_add']}"


@rule("no-new-privileges")
def _no_new_privileges(service: Service) -> Iterator[str]:
    if "no-new-privileges:true" not in words(service.get("security_opt")):
        yield "lacks no-new-privileges:true"


@rule("confined")
def _confined(service: Service) -> Iterator[str]:
    yield from (f"sets {option}" for option in words(service.get("security_opt")) if "unconfined" in option)


@rule("not-privileged")
def _not_privileged(service: Service) -> Iterator[str]:
    yield from (f"sets {key}" for key in ("privileged", "devices", "device_cgroup_rules") if service.get(key))


@rule("own-namespaces")
def _own_namespaces(service: Service) -> Iterator[str]:
    for key in ("network_mode", "pid", "ipc", "uts", "userns_mode", "cgroup", "cgroup_parent"):
        if service.get(key, "none") != "none":
            yield f"sets {key}: {service[key]}"


@rule("log-rotation")
def _log_rotation(service: Service) -> Iterator[str]:
    logging = service.get("logging") or {}
    options = logging.get("options") or {}
    if logging.get("driver") != "json-file" or not {"max-size", "max-file"} <= set(options):
        yield f"logs by {logging or 'the default'}, expected json-file with max-size and max-file"


@rule("loopback-ports")
def _loopback_ports(service: Service) -> Iterator[str]:
    for port in service.get("ports") or []:
        if not str(port).startswith(LOOPBACK):
            yield f"publishes {port}, expected it to begin with {LOOPBACK}"


@rule("high-ports")
def _high_ports(service: Service) -> Iterator[str]:
    for port in service.get("ports") or []:
        inside = str(port.get("target") if isinstance(port, dict) else port).rpartition(":")[2].partition("/")[0]
        if inside.isdigit() and int(inside) < 1024:
            yield f"listens on the privileged port {inside}"


@rule("own-networks")
def _own_networks(service: Service) -> Iterator[str]:
    if service.get("network_mode") == "none":
        return
    if not service.get("networks") or "default" in words(service["networks"]):
        yield f"is on {words(service.get('networks')) or 'the default network'}, expected networks by role"


@rule("exact-image")
def _exact_image(service: Service) -> Iterator[str]:
    image = str(service.get("image", ""))
    tag = image.rpartition("/")[2].partition(":")[2].partition("@")[0]
    if not image or tag in ("", "latest", "main", "edge", "stable") or not re.search(r"\d|\$\{", tag):
        yield f"has image '{image}', expected an exact tag"


@rule("docker-socket")
def _docker_socket(service: Service) -> Iterator[str]:
    yield from (f"mounts {source}" for source, _ in _mounts(service) if DOCKER_SOCKET.search(source))


@rule("no-host-folders")
def _no_host_folders(service: Service) -> Iterator[str]:
    yield from (f"mounts {source} of the host" for source, _ in _mounts(service) if HOST_FOLDERS.match(source))


@rule("read-only-configuration")
def _read_only_configuration(service: Service) -> Iterator[str]:
    for source, read_only in _mounts(service):
        if source.startswith(".") and not read_only:
            yield f"mounts {source} writable"


@rule("no-secret-in-environment")
def _no_secret_in_environment(service: Service) -> Iterator[str]:
    for name, value in environment(service).items():
        if CREDENTIALS_IN_URL.search(value):
            yield f"has credentials in the value of {name}"
        elif SECRET_NAME.search(name) and value and not ("FILE" in name and value.startswith("/run/secrets/")):
            yield f"sets {name}, expected {name}_FILE with a path below /run/secrets/"


@rule("no-secret-in-command")
def _no_secret_in_command(service: Service) -> Iterator[str]:
    for word in words(service.get("command")) + words(service.get("entrypoint")):
        if CREDENTIALS_IN_URL.search(word) or SECRET_OPTION.match(word):
            yield "has a secret on its command line"


@rule("stop-grace")
def _stop_grace(service: Service) -> Iterator[str]:
    if not service.get("stop_grace_period"):
        yield "has no stop_grace_period"


@rule("restarts")
def _restarts(service: Service) -> Iterator[str]:
    if service.get("restart") != "unless-stopped":
        yield f"has restart: {service.get('restart')}, expected unless-stopped"


@rule("bounded-tmpfs")
def _bounded_tmpfs(service: Service) -> Iterator[str]:
    yield from (f"has {entry} without size=" for entry in words(service.get("tmpfs")) if "size=" not in entry)


@rule("no-fixed-name")
def _no_fixed_name(service: Service) -> Iterator[str]:
    if "container_name" in service:
        yield "sets container_name, which forbids a second stack"


def _mounts(service: Service) -> Iterator[tuple[str, bool]]:
    """Source and read-only flag of each mount, in either spelling."""
    for mount in service.get("volumes") or []:
        if isinstance(mount, dict):
            yield str(mount.get("source", "")), bool(mount.get("read_only"))
        else:
            source, *rest = str(mount).split(":")
            yield source, "ro" in rest[-1].split(",") if rest else False
