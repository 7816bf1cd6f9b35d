"""What Prometheus finds of pods has the labels that it finds of Compose's containers, by promtool's relabelling.

What the operator writes before and after a monitor's steps is repeated here as its version 0.93 does it. The operator
itself runs in tests/apart/test_kubernetes_node.py, in version 0.85.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.kubernetes.model import FOLDERS, committed, own_programs
from ops.commands import tool
from prometheus.rule_files import FOLDER as PROMETHEUS
from tests.support import kubernetes
from tests.support.stack import run

Labels = dict[str, str]
META = "__meta_kubernetes_"
SERVICES = committed().services
HERE = [name for names in FOLDERS.values() for name in names if name in kubernetes.pods()]
KEYS = {"sourceLabels": "source_labels", "targetLabel": "target_label"}
# The pods that charts make, by the service that they are in Compose; the chart's own name where that is another one.
CHARTS = {
    "prometheus": ("prometheus", "kube-prometheus-stack", ("prometheus", "prometheusSpec", "podMetadata", "labels")),
    "alertmanager": (
        "alertmanager",
        "kube-prometheus-stack",
        ("alertmanager", "alertmanagerSpec", "podMetadata", "labels"),
    ),
    "grafana": ("grafana", "kube-prometheus-stack", ("grafana", "podLabels")),
    "node": ("prometheus-node-exporter", "kube-prometheus-stack", ("prometheus-node-exporter", "podLabels")),
    "loki": ("loki", "loki", ("loki", "podLabels")),
}
OF_A_USER = {"application": "shop", "env": "production", "metrics-port": "8000"}
DOCKERS = ("containers", "containers-with-token", "containers-ports")


def key(name: str) -> str:
    return re.sub(r"[^a-zA-Z0-9_]", "_", name)


def discovered(name: str, metadata: dict[str, Any], container: str, *, init: bool, phase: str = "Running") -> Labels:
    """What Kubernetes says of one container of a pod."""
    found = {f"{META}pod_label_{key(label)}": value for label, value in metadata["labels"].items()}
    found |= {f"{META}pod_annotation_{key(label)}": value for label, value in metadata.get("annotations", {}).items()}
    found |= {f"{META}pod_{field}": value for field, value in (("name", f"{name}-x1"), ("ip", f"10.0.0.{len(name)}"))}
    found |= {f"{META}namespace": "erp", f"{META}pod_phase": phase, f"{META}pod_node_name": "node-1"}
    return found | {f"{META}pod_container_name": container, f"{META}pod_container_init": str(init).lower()}


def pods() -> Iterator[tuple[str, Labels]]:
    for name, pod in kubernetes.pods().items():
        for kind, init in (("containers", False), ("initContainers", True)):
            for container in pod["spec"].get(kind, []):
                yield name, discovered(name, pod["metadata"], container["name"], init=init)
    for name, (own, file, path) in CHARTS.items():
        labels = kubernetes.values(file)
        for step in path:
            labels = labels[step]
        described = {"labels": labels | {"app.kubernetes.io/name": own}}
        for container in (name, "config-reloader"):
            yield name, discovered(name, described, container, init=False)
    labels = {f"observability.{label}": value for label, value in OF_A_USER.items()}
    for container in ("prepares", "web"):
        yield "shop", discovered("shop", {"labels": labels}, container, init=container == "prepares")
    # With the token and without it.
    for name in ("erp-web", "partner"):
        waiting = discovered(name, kubernetes.pods()[name]["metadata"], name, init=False, phase="Pending")
        yield f"waiting {name}", waiting | {f"{META}pod_name": f"{name}-x2"}


def by_the_operator(endpoint: dict[str, Any], number: int) -> dict[str, Any]:
    """An endpoint of the PodMonitor as a job of Prometheus, without its discovery."""
    own: list[dict[str, Any]] = [
        {"source_labels": [f"{META}{source}"], "target_label": target}
        for source, target in (("namespace", "namespace"), ("pod_container_name", "container"), ("pod_name", "pod"))
    ]
    own += [{"target_label": "job", "replacement": "monitoring/applications"}]
    own += [{"target_label": "endpoint", "replacement": "8080"}]
    job = {"job_name": str(number), "relabel_configs": own + [renamed(step) for step in endpoint["relabelings"]]}
    job |= {"metrics_path": endpoint["path"]} if "path" in endpoint else {}
    job |= {"params": endpoint["params"]} if "params" in endpoint else {}
    return job | {"honor_labels": endpoint.get("honorLabels", False)}


def renamed(step: dict[str, Any]) -> dict[str, Any]:
    return {KEYS.get(name, name): value for name, value in step.items()}


def targets(jobs: list[dict[str, Any]], given: list[tuple[str, Labels]], folder: Path) -> list[tuple[str, str, Labels]]:
    """Of each job the name of what was found, and its labels."""
    group = [
        {"targets": [f"{name.replace(' ', '-')}:1"], "labels": labels | {"__meta_is": name}} for name, labels in given
    ]
    path = folder / "prometheus.yml"
    path.write_text(yaml.safe_dump({"scrape_configs": [job | {"static_configs": group} for job in jobs]}))
    found = []
    for job in jobs:
        listed = run(str(tool("promtool")), "check", "service-discovery", "--timeout=1s", str(path), job["job_name"])
        seen = {
            (each["discoveredLabels"]["__meta_is"], tuple(sorted(each["labels"].items())))
            for each in json.loads(listed)
            if each.get("labels")
        }
        found += [(job["job_name"], name, dict(labels)) for name, labels in sorted(seen)]
    return found


def names(labels: Labels) -> Labels:
    """Without where it is: a pod's address is another one than a container's."""
    return {name: value for name, value in labels.items() if not name.startswith("__") and name != "instance"}


@pytest.fixture(scope="module")
def of_pods(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, Labels]]:
    endpoints = kubernetes.one("PodMonitor", "applications")["spec"]["podMetricsEndpoints"]
    jobs = [by_the_operator(endpoint, number) for number, endpoint in enumerate(endpoints)]
    return targets(jobs, list(pods()), tmp_path_factory.mktemp("pods"))


@pytest.fixture(scope="module")
def of_containers(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, Labels]]:
    return targets(composes(*DOCKERS), list(containers()), tmp_path_factory.mktemp("containers"))


def composes(*jobs: str) -> list[dict[str, Any]]:
    """Jobs of prometheus.yml without their discovery and token."""
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8"))
    without = ("docker_sd_configs", "authorization")
    chosen = [job for job in config["scrape_configs"] if job["job_name"] in jobs]
    return [{name: value for name, value in job.items() if name not in without} for job in chosen]


def containers() -> Iterator[tuple[str, Labels]]:
    """What Docker says of the services that have a pod here."""
    prefix = "__meta_docker_"
    for name in HERE:
        labels = {f"container_label_{key(label)}": value for label, value in SERVICES[name]["labels"].items()}
        network = SERVICES[name]["labels"].get("observability.network", "observability")
        more = {"container_name": f"/erp-{name}-1", "network_name": network}
        more["container_label_com_docker_compose_service"] = name
        yield name, {prefix + label: value for label, value in (labels | more).items()}


def test_a_pod_has_the_series_of_its_container(
    of_pods: list[tuple[str, str, Labels]], of_containers: list[tuple[str, str, Labels]]
) -> None:
    wanted = sorted((DOCKERS.index(job), name, sorted(names(labels).items())) for job, name, labels in of_containers)
    order = {"0": 0, "1": 1, "3": 2}  # 2 is of those whose series are about others
    found = [(order[job], name, sorted(names(labels).items())) for job, name, labels in of_pods if job in order]
    assert sorted(each for each in found if each[1] not in (*own_programs(), "shop")) == wanted
    assert len(wanted) > 10


def test_the_port_and_the_figures_of_a_process_are_one_instance(of_pods: list[tuple[str, str, Labels]]) -> None:
    """Rules take the one for the other: no label may differ but `probe`."""
    figures = {json.dumps(labels, sort_keys=True) for job, _, labels in of_pods if job in "012"}
    ports = [labels for job, _, labels in of_pods if job == "3"]
    assert [labels.pop("probe") for labels in (dict(each) for each in ports)] == ["port"] * len(ports)
    asked = [{name: value for name, value in each.items() if name != "probe"} for each in ports]
    kept = [{name: value for name, value in json.loads(each).items() if not name.startswith("__")} for each in figures]
    assert [each for each in asked if public(each) not in kept] == []
    assert len(ports) >= 3


def public(labels: Labels) -> Labels:
    return {name: value for name, value in labels.items() if not name.startswith("__")}


def test_the_charts_pods_and_promtail_are_the_monitoring(of_pods: list[tuple[str, str, Labels]]) -> None:
    found = {name: public(labels) for job, name, labels in of_pods if job in "02" and name in own_programs()}
    same = {"application": "monitoring", "env": "sandbox"}
    assert found == {
        name: {**same, "service": name, "job": own, "instance": f"{name}-x1:{port}"}
        for name, own, port in (
            ("blackbox", "blackbox", 9115),
            ("prometheus", "prometheus", 9090),
            ("alertmanager", "alertmanager", 9093),
            ("grafana", "grafana", 3000),
            ("loki", "loki", 3100),
            ("promtail", "promtail", 9080),
        )
    } | {"node": {**same, "service": "node", "job": "prometheus-node-exporter", "instance": "node-1:9100"}}
    assert [name for job, name, _ in of_pods if job == "2"] == ["promtail"]


def test_what_is_done_to_a_sample_is_what_compose_does() -> None:
    config = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text(encoding="utf-8"))
    theirs = {job["job_name"]: job.get("metric_relabel_configs", []) for job in config["scrape_configs"]}
    endpoints = kubernetes.one("PodMonitor", "applications")["spec"]["podMetricsEndpoints"]
    found = [[renamed(step) for step in each.get("metricRelabelings", [])] for each in endpoints]
    jobs = ("containers", "containers-with-token", "monitoring-of-others", "containers-ports")
    assert found == [theirs[name] for name in jobs]
    assert [bool(each.get("honorLabels")) for each in endpoints] == [name == "monitoring-of-others" for name in jobs]


def test_a_pod_without_a_name_is_called_as_its_container(of_pods: list[tuple[str, str, Labels]]) -> None:
    same = {"application": "shop", "env": "production", "service": "web", "job": "web", "instance": "shop-x1:8000"}
    assert [public(labels) for _, name, labels in of_pods if name == "shop"] == [same, same | {"probe": "port"}]


def test_a_pod_that_waits_and_what_prepares_one_are_no_targets(of_pods: list[tuple[str, str, Labels]]) -> None:
    assert [name for _, name, _ in of_pods if name.startswith("waiting")] == []
    every = [(job, name) for job, name, _ in of_pods]
    assert sorted(set(every)) == sorted(every), "a target for each container of a pod"


def test_a_probe_has_the_series_of_composes(tmp_path: Path) -> None:
    jobs = composes("containers-probed", "containers-probed-twice")
    wanted = [probed(labels) for _, _, labels in targets(jobs, list(containers()), tmp_path)]
    found = []
    for each in kubernetes.objects("Probe"):
        spec = each["spec"]
        static = spec["targets"]["staticConfig"]
        [address] = static["static"]
        given = {f"__param_{param['name']}": param["values"][0] for param in spec.get("params", [])}
        given |= {"__param_module": spec["module"], "job": spec["jobName"], "instance": address.replace(".erp:", ":")}
        found.append(probed(static["labels"] | given))
    assert sorted(map(str, found)) == sorted(map(str, wanted))


def probed(labels: Labels) -> list[tuple[str, str]]:
    """Labels of a probe and what blackbox is asked, without the target, which the instance repeats."""
    kept = ("__param_module", "__param_hostname")
    return sorted((name, value) for name, value in labels.items() if name in kept or not name.startswith("__"))


def test_promtail_reads_the_files_that_the_kubelet_writes(tmp_path: Path) -> None:
    (job,) = yaml.safe_load(kubernetes.config("promtail")["promtail.yml"])["scrape_configs"]
    database = discovered("erp-db", kubernetes.pods()["erp-db"]["metadata"], "erp-db", init=False)
    database[f"{META}pod_uid"] = "02331fd0-1857"
    read = {"job_name": "promtail", "relabel_configs": job["relabel_configs"]}
    [(_, _, labels)] = targets([read], [("erp-db", database)], tmp_path)
    assert labels["__path__"] == "/var/log/pods/erp_erp-db-x1_02331fd0-1857/erp-db/*.log"
    assert labels["__host__"] == "node-1"
