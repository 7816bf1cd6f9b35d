"""deploy/kubernetes: each pod runs what its service runs in Compose, hardened, and is reached where it is asked for."""

import json
import re

import pytest
import yaml

from deploy.kubernetes.model import FOLDERS, committed
from ops.paths import ROOT
from tests.support.kubernetes import Object, config, containers, objects, one, pods
from tests.support.services import ONE_SHOTS

SERVICES = committed().services
RUNNING = [name for names in FOLDERS.values() for name in names if name in pods()]
# Promtail reads the kubelet's files, which are root's.
AS_ROOT = {"promtail"}
# What a container has beside Compose's, by its name: a database lies in a folder of its volume.
MORE_VARIABLES = {"erp-db": {"PGDATA"}}


# What a service may say in Compose, by what becomes of it. Anything else has to be thought of first.
TAKEN_OVER = {
    *("cap_drop", "command", "depends_on", "dns_opt", "entrypoint", "environment", "healthcheck", "image", "labels"),
    *("mem_limit", "networks", "ports", "read_only", "restart", "secrets", "security_opt", "shm_size"),
    *("stop_grace_period", "tmpfs", "user", "volumes"),
}
WITHOUT_MEANING = {
    "build": "the image is built and pushed before",
    "logging": "the kubelet's affair",
    "pids_limit": "the kubelet's affair, for all pods of a node",
    "profiles": "a folder for each",
    "network_mode": "none: the pod is part of another one",
}


def labels(name: str) -> dict[str, str]:
    """Of the service, as Compose has them, without those that are about Docker."""
    given = SERVICES[name]["labels"].items()
    without = ("observability.network", "observability.stack")
    return {key: value for key, value in given if key.startswith("observability.") and key not in without}


def main_container(name: str) -> Object:
    [found] = pods()[name]["spec"]["containers"]
    return dict(found)


@pytest.mark.parametrize("name", [*RUNNING, "bugsink-setup"])
def test_nothing_that_compose_says_is_left_out_without_a_word(name: str) -> None:
    said = {key for key, value in SERVICES[name].items() if value is not None}
    assert said - TAKEN_OVER - WITHOUT_MEANING.keys() == set() or name in AS_ROOT


@pytest.mark.parametrize("name", RUNNING)
def test_a_pod_runs_what_compose_runs(name: str) -> None:
    service, found = SERVICES[name], main_container(name)
    assert found["image"] == service["image"]
    assert found["resources"]["limits"]["memory"] == f"{int(service['mem_limit']) // 1024**2}Mi"
    user = f"{found['securityContext']['runAsUser']}:{found['securityContext']['runAsGroup']}"
    assert (user == service["user"]) is (name not in AS_ROOT)
    if name in AS_ROOT:
        return
    assert found.get("args") == service.get("command")
    assert found.get("command") == service.get("entrypoint")
    given = config(name, pods_namespace(name)) if service.get("environment") else {}
    more = MORE_VARIABLES.get(name, set())
    assert {key: value for key, value in given.items() if key not in more} == (service.get("environment") or {})
    assert set(given) - set(service.get("environment") or {}) == more


def pods_namespace(name: str) -> str:
    return str(next(each for each in objects() if each["metadata"]["name"] == name)["metadata"]["namespace"])


@pytest.mark.parametrize("name", sorted(set(RUNNING) - AS_ROOT))
def test_a_pod_has_the_secrets_and_the_paths_of_compose(name: str) -> None:
    service, pod = SERVICES[name], pods()[name]
    [given] = [each["secret"] for each in pod["spec"].get("volumes", []) if each["name"] == f"{name}-secrets"] or [{}]
    assert [each["key"] for each in given.get("items", [])] == [each["source"] for each in service.get("secrets", [])]
    mounted = {each["mountPath"] for each in main_container(name).get("volumeMounts", [])}
    paths = {each["target"] for each in service.get("volumes", [])}
    paths |= {each.partition(":")[0] for each in service.get("tmpfs", [])}
    paths |= {"/dev/shm"} if "shm_size" in service else set()  # noqa: S108 - no temporary file of ours
    paths |= {"/run/secrets"} if service.get("secrets") else set()
    assert mounted == paths


def test_the_files_in_configmaps_are_the_repositorys() -> None:
    found = {}
    for service in (SERVICES[name] for name in [*RUNNING, "bugsink-setup"] if name not in AS_ROOT):
        for mount in service.get("volumes", []):
            if mount["type"] == "bind":
                path = ROOT / mount["source"]
                name = re.sub(r"[^a-z0-9]+", "-", str(path.relative_to(ROOT)).lower())
                found[name] = path
    assert set(found) == {
        "erp-db-initdb-d",
        "erp-db-healthy-sh",
        "erp-redis-valkey-conf",
        "exporters-blackbox-yml",
        "loki-loki-yml",
        "loki-rules",
        "sentry",
    }
    for name, path in found.items():
        for key, text in config(name).items():
            own = (path / key if path.is_dir() else path).read_text(encoding="utf-8")
            if name == "loki-loki-yml":  # whom its rules tell: deploy/kubernetes/tests/test_thanos.py
                here, there = yaml.safe_load(text), yaml.safe_load(own)
                changed = ("alertmanager_url", "enable_alertmanager_discovery", "remote_write")
                for each in changed:
                    here["ruler"].pop(each)
                    there["ruler"].pop(each, None)
                assert here == there
            else:
                assert text == own


@pytest.mark.parametrize("name", sorted(set(RUNNING) - ONE_SHOTS))
def test_a_pod_has_the_labels_that_watch_it(name: str) -> None:
    described = pods()[name]["metadata"]
    found = described["labels"] | described.get("annotations", {})
    assert {key: found.get(key) for key in labels(name)} == labels(name)
    assert described["labels"]["app.kubernetes.io/name"] == name
    selector = one("PodMonitor", "applications")["spec"]["selector"]["matchExpressions"]
    assert selector == [{"key": "observability.application", "operator": "Exists"}]
    assert "observability.application" in described["labels"]


@pytest.mark.parametrize("name", pods())
def test_a_pod_is_hardened(name: str) -> None:
    spec = pods()[name]["spec"]
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec.get("automountServiceAccountToken") is False or name in AS_ROOT
    assert not {"hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace"} & set(spec)
    assert bool({"hostPath"} & {key for each in spec.get("volumes", []) for key in each}) is (name in AS_ROOT)
    for each in containers(pods()[name]):
        context = each["securityContext"]
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["readOnlyRootFilesystem"] is True
        assert context["allowPrivilegeEscalation"] is False
        assert (context["runAsUser"] == 0) is (name in AS_ROOT)
        assert (spec["securityContext"].get("runAsNonRoot") is True) is (name not in AS_ROOT)
        assert "memory" in each["resources"]["limits"]
        assert not re.search(r":(latest|main)?$", each["image"])


@pytest.mark.parametrize("name", sorted(set(RUNNING) - ONE_SHOTS))
def test_a_pod_says_when_it_is_ready(name: str) -> None:
    assert "readinessProbe" in main_container(name)


def test_only_what_says_that_it_lives_is_ended_when_it_does_not() -> None:
    alive = {name for name in pods() if "livenessProbe" in main_container(name)}
    assert alive == {"erp-web", "erp-worker", "erp-beat", "partner", "inbox", "traffic"}


def addresses() -> set[tuple[str, str, int]]:
    """The name, namespace and port of each address inside the cluster."""
    return {
        (each["metadata"]["name"], each["metadata"]["namespace"], port["port"])
        for each in objects("Service")
        for port in each["spec"].get("ports", [])
    }


def test_an_address_in_a_setting_is_one_that_answers() -> None:
    names = "|".join(SERVICES)
    for each in objects("ConfigMap"):
        named = re.findall(rf"\b({names}):(\d+)\b", json.dumps(each["data"]))
        where = each["metadata"]["namespace"]
        asked = {(name, where, int(port)) for name, port in named if name in pods()}
        assert asked <= addresses(), each["metadata"]["name"]
    assert {"erp-db", "erp-redis"} <= {name for name, _, _ in addresses()}


def test_a_service_leads_to_a_port_of_its_pod() -> None:
    for each in objects("Service"):
        spec, name = each["spec"], each["metadata"]["name"]
        if name in ("prometheus", "alertmanager"):  # a chart's pods
            continue
        if spec.get("type") == "ExternalName":
            assert spec["externalName"].split(".")[:2] == [name, "erp"]
            continue
        template = pods()[name]
        assert spec["selector"].items() <= template["metadata"]["labels"].items()
        open_ports = {port["containerPort"] for port in main_container(name)["ports"]}
        assert {port["targetPort"] for port in spec["ports"]} <= open_ports


def test_whoever_asks_a_pod_may_reach_it() -> None:
    """A policy names its neighbours, and the monitoring where there is something to ask."""
    for each in objects("NetworkPolicy"):
        name, rules = each["metadata"]["name"], each["spec"]["ingress"]
        is_asked = bool({"observability.metrics-port", "observability.health"} & set(labels(name))) or name == "mailpit"
        assert any("namespaceSelector" in peer for rule in rules for peer in rule.get("from", [])) is is_asked
    peers = one("NetworkPolicy", "erp-db")["spec"]["ingress"][0]["from"][0]["podSelector"]["matchExpressions"][0]
    assert {"erp-web", "erp-worker", "erp-beat", "erp-migrate", "postgres-exporter"} <= set(peers["values"])
    assert not {"bugsink", "inbox", "mailpit"} & set(peers["values"])
