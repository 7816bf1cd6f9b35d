"""What the engines of SCALE=on read in place of the checkout's files."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from ops import scale_files, secrets
from ops.console import OpsError
from ops.paths import ROOT
from ops.settings import Settings, defaults


def made(file: str, **given: str) -> Any:
    values = {**defaults(), **given}
    text = (ROOT / file).read_text(encoding="utf-8")
    return yaml.safe_load(scale_files.FILES[file](text, values | scale_files.storage(values)))


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


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("", "no aws_access_key_id and no aws_secret_access_key"),
        ("AKIAIOSFODNN7EXAMPLE:secret", "no aws_access_key_id and no aws_secret_access_key"),
        ("[default]\naws_access_key_id = AKIA\naws_secret_access_key =", "no aws_secret_access_key"),
    ],
)
def test_a_file_without_the_storage_s_key_is_refused(text: str, missing: str) -> None:
    with pytest.raises(OpsError, match=f"storage_s3 has {missing}; expected the key of the object storage"):
        scale_files.check_key(Path("storage_s3"), text)


def test_the_key_that_is_made_here_and_one_written_by_hand_are_keys() -> None:
    made_here = secrets.STORAGE["storage_s3"].make
    assert made_here
    for text in (made_here(), "# of the storage\n[default]\naws_access_key_id=a\naws_secret_access_key = b=\n"):
        scale_files.check_key(Path("storage_s3"), text)


def test_a_start_looks_at_the_key_only_where_it_is_used(tmp_path: Path, settings: Settings) -> None:
    secrets.ensure(settings, tmp_path)
    (tmp_path / "storage_s3").unlink()
    secrets.write(tmp_path / "storage_s3", "nothing of use")
    secrets.ensure(settings, tmp_path)
    with pytest.raises(OpsError, match="storage_s3 has no aws_access_key_id"):
        secrets.ensure(Settings({**settings.values, "SCALE": "on"}, {}), tmp_path)
