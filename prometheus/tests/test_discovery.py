"""Which containers become targets: the relabelling of prometheus.yml, by promtool, on what Docker would say of each."""

import json
from typing import Any

import pytest
import yaml

from ops.commands import tool
from prometheus.rule_files import FOLDER
from tests.support.stack import run

META = "__meta_docker_"
WEB = {
    "container_name": "/shop-web-1",
    "network_name": "observability",
    "container_label_com_docker_compose_service": "web",
    "container_label_com_docker_compose_oneoff": "False",
    "container_label_observability_application": "shop",
    "container_label_observability_env": "production",
    "container_label_observability_metrics_port": "8000",
    "container_label_observability_health": "/livez,/readyz",
}
STORE = {
    **WEB,
    "container_label_observability_kind": "postgres",
    "container_label_observability_health": "tcp",
}
JOBS = ("containers", "containers-with-token", "containers-ports", "containers-probed", "containers-probed-twice")
ODD = {
    "one-off": ("com_docker_compose_oneoff", "True"),
    "nameless": ("observability_application", ""),
    "spaces": ("observability_application", 'Shop "2"'),
    "long": ("observability_application", "x" * 64),
    "env": ("observability_env", "in production"),
    "service": ("observability_service", "x" * 2000),
}


@pytest.fixture(scope="module")
def targets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, str]]]:
    """By container the labels of each target that it becomes, of any job; each container has an address of its own."""
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))
    jobs = [job for job in config["scrape_configs"] if job["job_name"] in JOBS]
    containers = {
        "web": WEB,
        "store": STORE,
        **{name: {**WEB, f"container_label_{key}": value} for name, (key, value) in ODD.items()},
    }
    for job in jobs:
        del job["docker_sd_configs"]
        job.pop("authorization", None)
        job["static_configs"] = [
            {"targets": [f"{name}:1"], "labels": {f"{META}{label}": value for label, value in labels.items()}}
            for name, labels in containers.items()
        ]
    path = tmp_path_factory.mktemp("discovery") / "prometheus.yml"
    path.write_text(yaml.safe_dump({"scrape_configs": jobs}), encoding="utf-8")
    found: dict[str, list[dict[str, str]]] = {name: [] for name in containers}
    promtool = str(tool("promtool"))
    for name in JOBS:
        seen: list[dict[str, Any]] = json.loads(
            run(promtool, "check", "service-discovery", "--timeout=1s", str(path), name)
        )
        for each in seen:
            if each.get("labels"):
                found[each["discoveredLabels"]["__address__"].removesuffix(":1")].append(each["labels"])
    return found


def test_a_container_is_scraped_and_probed_under_its_names(targets: dict[str, list[dict[str, str]]]) -> None:
    names = {"application": "shop", "env": "production", "service": "web"}
    seen = [{name: each.get(name, "") for name in (*names, "instance", "job", "probe")} for each in targets["web"]]
    assert seen == [
        {**names, "instance": "web:8000", "job": "web", "probe": ""},
        {**names, "instance": "web:8000", "job": "web", "probe": "port"},
        {**names, "instance": "http://web:8000/livez", "job": "blackbox", "probe": "livez"},
        {**names, "instance": "http://web:8000/readyz", "job": "blackbox", "probe": "readyz"},
    ]


def test_of_a_store_no_port_is_asked_but_the_one_it_names(targets: dict[str, list[dict[str, str]]]) -> None:
    assert [each.get("probe") for each in targets["store"]] == [None, "tcp"]


@pytest.mark.parametrize("container", ODD)
def test_what_runs_once_or_has_no_name_is_no_target(container: str, targets: dict[str, list[dict[str, str]]]) -> None:
    assert targets[container] == []
