"""deploy/kubernetes: the files are those that Compose's make, and Kubernetes takes them."""

import json
import re
from typing import Any

import kubernetes_validate
import pytest
import yaml

from deploy.kubernetes import build
from deploy.kubernetes.model import FOLDERS, LEFT_OUT, committed
from deploy.kubernetes.values import disk_for
from ops.console import OpsError
from ops.paths import ROOT
from prometheus import rule_files
from tests.support import kubernetes
from tests.support.kubernetes import config, files, objects, one, pods

VERSION = "1.36"
OPERATORS = "monitoring.coreos.com/v1"
SERVICES = committed().services
BY_THE_OPERATOR = ("Prometheus", "Alertmanager")
SIZE_LIMIT = 1 << 20
SECRET_MADE = re.compile(r"kubectl -n (\S+) create secret generic (\S+) (.*)")


def test_committed_files_are_those_that_compose_makes() -> None:
    wanted = build.files(committed())
    found = {path: (build.HERE / path).read_text(encoding="utf-8") for path in build.written(build.HERE)}
    stale = sorted(path for path in wanted.keys() | found.keys() if wanted.get(path) != found.get(path))
    assert stale == [], "run `make kubernetes` and commit what it writes"


@pytest.mark.parametrize("path", files())
def test_kubernetes_knows_every_field(path: str) -> None:
    for each in files()[path]:
        if each["apiVersion"] != OPERATORS:
            kubernetes_validate.validate(each, VERSION, strict=True)


def test_every_object_is_of_a_kind_that_is_checked_and_there_once() -> None:
    kinds = {each["kind"] for each in objects() if each["apiVersion"] == OPERATORS}
    assert kinds == {"PodMonitor", "Probe", "PrometheusRule", *BY_THE_OPERATOR}
    named = [(each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]) for each in objects()]
    assert sorted(map(str, set(named))) == sorted(map(str, named))


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_kustomization_has_every_file_of_its_folder(folder: str) -> None:
    listed = yaml.safe_load((kubernetes.FOLDER / folder / "kustomization.yaml").read_text(encoding="utf-8"))
    there = [path.removeprefix(f"{folder}/") for path in files() if path.startswith(f"{folder}/")]
    assert sorted(listed["resources"]) == sorted(there)


def test_every_service_of_compose_is_here_or_has_a_reason() -> None:
    here = [name for names in FOLDERS.values() for name in names]
    assert sorted([*here, *LEFT_OUT]) == sorted(SERVICES)
    assert {each["metadata"]["name"] for each in objects(*BY_THE_OPERATOR)} == set(map(str.lower, BY_THE_OPERATOR))
    # What only prepares another service is a container of that one's pod.
    prepares = {each["name"] for pod in pods().values() for each in pod["spec"].get("initContainers", [])}
    assert set(here) - set(pods()) - set(map(str.lower, BY_THE_OPERATOR)) == set(here) & prepares == {"bugsink-setup"}
    assert [reason for reason in LEFT_OUT.values() if len(reason.split()) < 2] == []


def test_no_secret_is_here() -> None:
    assert [each["metadata"]["name"] for each in objects("Secret")] == ["alertmanager-config"]
    text = one("Secret", "alertmanager-config")["stringData"]["alertmanager.yaml"]
    files_of_secrets = re.findall(r"(?:_file): (\S+)", text)
    assert len(files_of_secrets) == 4
    assert {path.rpartition("/")[0] for path in files_of_secrets} == {"/etc/alertmanager/secrets/alertmanager-channels"}
    assert re.findall(r"(?:api_url|routing_key|auth_password|service_key|token): ", text) == []


def test_every_secret_that_is_read_is_one_that_the_page_makes() -> None:
    page = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
    made = {f"{space}/{name}": rest for space, name, rest in SECRET_MADE.findall(page.replace("\\\n", ""))}
    volumes = [each["secret"] for pod in pods().values() for each in pod["spec"].get("volumes", []) if "secret" in each]
    assert {each["secretName"] for each in volumes} == {"secrets"}
    token = one("PodMonitor", "applications")["spec"]["podMetricsEndpoints"][1]["authorization"]["credentials"]
    stack = kubernetes.values("kube-prometheus-stack")
    [channels] = stack["alertmanager"]["alertmanagerSpec"]["secrets"]
    admin = stack["grafana"]["admin"]
    thanos = kubernetes.values("thanos")["global"]["objstore"]
    wanted = {
        "erp/secrets": ["=secrets"],
        f"monitoring/{token['name']}": [token["key"]],
        f"monitoring/{channels}": ["slack_webhook_url", "pagerduty_routing_key", "smtp_password", "heartbeat_url"],
        f"monitoring/{admin['existingSecret']}": [admin["userKey"], admin["passwordKey"]],
        f"monitoring/{thanos['secretName']}": [thanos["secretKey"]],
    }
    assert made.keys() == wanted.keys()
    assert [(name, key) for name, keys in wanted.items() for key in keys if key not in made[name]] == []


def test_rules_are_prometheus_own() -> None:
    found = {path: each[0] for path, each in files().items() if path.startswith("monitoring/rules/")}
    assert set(found) == {f"monitoring/rules/{name}.yaml" for name in rule_files.paths()}
    for name, path in rule_files.paths().items():
        assert found[f"monitoring/rules/{name}.yaml"]["spec"] == rule_files.load(path)


def test_what_rules_read_of_pods_is_asked_of_kube_state_metrics() -> None:
    figures = one("PrometheusRule", "figures-of-containers")["spec"]
    assert figures == rule_files.load(kubernetes.FOLDER / "rules" / "containers.yml")
    read = set(
        re.findall(r"label_([a-z_]+)", " ".join(re.findall(r'"label_\w+"', json.dumps(figures).replace("\\", ""))))
    )
    [allowed] = kubernetes.values("kube-prometheus-stack")["kube-state-metrics"]["metricLabelsAllowlist"]
    [names] = re.findall(r"^pods=\[(.+)\]$", allowed)
    assert {re.sub(r"[^a-z]", "_", name) for name in names.split(",")} == read


def test_rules_of_loki_are_its_own() -> None:
    there = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "loki" / "rules").glob("*.yml")}
    assert config("rules-of-loki") == there


def test_boards_are_the_generated_ones_and_fit() -> None:
    there = {path.name: json.loads(path.read_text()) for path in (ROOT / "grafana/dashboards/generated").glob("*.json")}
    marked = [
        each for each in objects("ConfigMap") if each["metadata"].get("labels", {}).get("grafana_dashboard") == "1"
    ]
    assert {name: json.loads(text) for each in marked for name, text in each["data"].items()} == there
    assert [each["metadata"]["name"] for each in objects("ConfigMap") if len(json.dumps(each)) >= SIZE_LIMIT] == []


def identities(tree: Any) -> list[dict[str, str]]:
    """Every mapping of labels in a chart's values by which a pod is found."""
    inside = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    here = [tree] if isinstance(tree, dict) and "observability.application" in tree else []
    return here + [found for each in inside for found in identities(each)]


def test_the_charts_pods_are_found_as_composes_containers_are() -> None:
    names = ("kube-prometheus-stack", "kube-prometheus-stack-thanos", "loki", "thanos")
    found = [each for name in names for each in identities(kubernetes.values(name))]
    ports = ["10902"] * 5 + ["3000", "3100", "9090", "9093", "9100"]
    assert sorted(each["observability.metrics-port"] for each in found) == ports
    assert {each["observability.application"] for each in found} == {"monitoring"}
    assert {each["observability.env"] for each in found} == {"sandbox"}


def test_the_operator_runs_what_the_chart_runs() -> None:
    stack = kubernetes.values("kube-prometheus-stack")
    for kind, name in zip(BY_THE_OPERATOR, map(str.lower, BY_THE_OPERATOR), strict=True):
        spec, chart = one(kind, name)["spec"], stack[name][f"{name}Spec"]
        assert spec["image"] == SERVICES[name]["image"]
        assert (
            f"{spec['securityContext']['runAsUser']}:{spec['securityContext']['runAsGroup']}" == SERVICES[name]["user"]
        )
        same = set(chart) & set(spec) - {"image"}
        assert {key: spec[key] for key in same} == {key: chart[key] for key in same}
        assert {"replicas", "podMetadata", "externalUrl", "resources", "additionalArgs"} <= same
    spec = one("Prometheus", "prometheus")["spec"]
    assert [spec[f"{kind}Selector"] for kind in ("rule", "podMonitor", "probe")] == [{}] * 3
    assert one("Alertmanager", "alertmanager")["spec"]["configSecret"] == "alertmanager-config"  # an object's name


def test_prometheus_may_see_the_pods_everywhere_and_the_alertmanagers_of_its_namespace() -> None:
    def seen(kind: str, namespace: str) -> set[str]:
        return {each for rule in one(kind, "prometheus", namespace)["rules"] for each in rule["resources"]}

    assert seen("ClusterRole", "") == {"pods"}
    assert seen("Role", "monitoring") == {"pods", "services", "endpoints", "endpointslices"}


@pytest.mark.parametrize(("kept", "disk"), [("8GB", "10Gi"), ("2TB", "2560Gi"), ("500MB", "1Gi")])
def test_a_volume_has_room_for_what_prometheus_keeps(kept: str, disk: str) -> None:
    assert disk_for(kept) == disk


def test_without_a_size_of_what_prometheus_keeps_there_is_none_of_its_volume() -> None:
    with pytest.raises(OpsError, match="METRICS_RETENTION_SIZE='0GB'"):
        disk_for("0GB")


def test_the_charts_run_composes_versions() -> None:
    stack, loki = kubernetes.values("kube-prometheus-stack"), kubernetes.values("loki")
    tags = {
        "prometheus": stack["prometheus"]["prometheusSpec"]["image"]["tag"],
        "alertmanager": stack["alertmanager"]["alertmanagerSpec"]["image"]["tag"],
        "grafana": stack["grafana"]["image"]["tag"],
        "node": stack["prometheus-node-exporter"]["image"]["tag"],
        "loki": loki["loki"]["image"]["tag"],
    }
    assert tags == {name: SERVICES[name]["image"].rpartition(":")[2] for name in tags}
