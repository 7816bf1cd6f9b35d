"""What the engines of SCALE=on read in place of the checkout's files."""

from typing import Any

import yaml

from ops import scale_files
from ops.paths import ROOT


def made(file: str) -> Any:
    return yaml.safe_load(scale_files.FILES[file]((ROOT / file).read_text(encoding="utf-8")))


def test_each_of_the_pair_asks_and_judges_nothing() -> None:
    config = made("prometheus/prometheus.yml")
    assert config["global"]["external_labels"] == {"env": "${ENV}", "replica": "${REPLICA}"}
    assert {"rule_files", "alerting"} & set(config) == set()
    asked = yaml.safe_load((ROOT / "prometheus/prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    assert [job["job_name"] for job in config["scrape_configs"]] == [job["job_name"] for job in asked]


def test_the_replicas_of_an_engine_are_one_service() -> None:
    steps = made("prometheus/prometheus.yml")["scrape_configs"][0]["relabel_configs"]
    assert "(.+?)(?:-[0-9])?:.+" in [step.get("regex") for step in steps if step.get("target_label") == "service"]


def test_each_replica_is_asked_by_a_name_of_its_own() -> None:
    targets = [target for group in made("prometheus/monitoring.yml") for target in group["targets"]]
    assert len(targets) == len(set(targets))
    names = [target.partition(":")[0] for target in targets]
    assert [name for name in names if name.startswith("loki")] == ["loki-1", "loki-2", "loki-3"]
    assert {"prometheus-1", "prometheus-2", "alertmanager-3", "thanos-receive-3", "node"} <= set(names)


def test_the_three_loki_share_ring_storage_and_the_rules() -> None:
    config = made("loki/loki.yml")
    assert config["common"]["replication_factor"] == 3
    assert {each["object_store"] for each in config["schema_config"]["configs"]} == {"s3"}
    assert config["ruler"]["alertmanager_url"].count("http://") == 3
    assert "grpc_listen_address" not in config["server"]


def test_boards_ask_thanos_by_the_same_uid() -> None:
    sources = made("grafana/provisioning/datasources/metrics.yml")["datasources"]
    assert {each["uid"]: each["url"] for each in sources}["prometheus"] == "http://thanos-query:10902"
