"""With SCALE=on the object storage is here, or by STORAGE_URL elsewhere: what each program is told of it."""

from typing import Any

import pytest
import yaml

from ops.settings import Settings, defaults
from ops.stack import Stack

ELSEWHERE = {
    "STORAGE_URL": "https://s3.example.com:9443",
    "STORAGE_REGION": "eu-central-1",
    "STORAGE_METRICS_BUCKET": "our-metrics",
    "STORAGE_LOGS_BUCKET": "our-logs",
    "STORAGE_PATH_STYLE": "false",
}
SOURCES = ("official", "local")


def stack(source: str = "official", **given: str) -> Stack:
    return Stack(Settings({**defaults(), "SCALE": "on", **given}, given), source)


def services(source: str, **given: str) -> dict[str, dict[str, Any]]:
    return dict(stack(source, **given).everything["services"])


def readers(found: dict[str, dict[str, Any]]) -> set[str]:
    """The services that have the key, but for the storage itself."""
    return {name for name, each in found.items() if "storage_s3" in str(each.get("secrets"))} - {"storage"}


def ways_out(found: dict[str, dict[str, Any]]) -> set[str]:
    return {name for name, each in found.items() if "egress" in (each.get("networks") or {})}


@pytest.mark.parametrize("source", SOURCES)
def test_storage_elsewhere_takes_the_place_of_the_one_here(source: str) -> None:
    here, elsewhere = services(source), services(source, **ELSEWHERE)
    assert set(here) - set(elsewhere) == {"storage"}
    assert set(elsewhere) <= set(here)
    assert [name for name, each in elsewhere.items() if "storage" in each.get("depends_on", {})] == []
    assert {name: each["image"] for name, each in elsewhere.items()} == {
        name: here[name]["image"] for name in elsewhere
    }


def test_all_that_have_the_key_and_nobody_else_get_out_to_it() -> None:
    here, elsewhere = services("official"), services("official", **ELSEWHERE)
    assert ways_out(here) & readers(here) == set()
    assert ways_out(elsewhere) - ways_out(here) == readers(elsewhere) == readers(here)
    for name in readers(here):
        assert elsewhere[name]["networks"] == {**here[name]["networks"], "egress": None}


def test_each_program_is_told_of_address_region_buckets_and_style() -> None:
    texts = stack(**ELSEWHERE).copies()
    assert yaml.safe_load(texts["scale/storage.yml"]) == {
        "type": "S3",
        "config": {
            "bucket": "our-metrics",
            "endpoint": "s3.example.com:9443",
            "insecure": False,
            "bucket_lookup_type": "virtual-hosted",
            "region": "eu-central-1",
        },
    }
    assert yaml.safe_load(texts["loki/loki.yml"])["common"]["storage"]["s3"] == {
        "endpoint": "s3.example.com:9443",
        "bucketnames": "our-logs",
        "s3forcepathstyle": False,
        "insecure": False,
        "region": "eu-central-1",
    }
    found = services("official", **ELSEWHERE)
    for name in ("storage-buckets", "storage-history"):
        told = {key.removeprefix("RCLONE_CONFIG_STORAGE_"): value for key, value in found[name]["environment"].items()}
        assert (told["ENDPOINT"], told["REGION"]) == ("https://s3.example.com:9443", "eu-central-1")
        assert told["FORCE_PATH_STYLE"] == "false"
        assert (told["METRICS"], told["LOGS"]) == ("storage:our-metrics", "storage:our-logs")


def test_every_program_with_the_key_reads_it_from_its_file_and_thanos_the_file_of_the_storage() -> None:
    scaled = stack(**ELSEWHERE)
    found = scaled.everything["services"]
    for name in readers(found):
        assert found[name]["environment"]["AWS_SHARED_CREDENTIALS_FILE"] == "/run/secrets/storage_s3"
        mounted = {mount["target"]: mount["source"] for mount in found[name].get("volumes", [])}
        if name.startswith("thanos-"):
            assert mounted["/etc/thanos/storage.yml"] == str(scaled.read("scale/storage.yml"))
            assert "--objstore.config-file=/etc/thanos/storage.yml" in " ".join(found[name]["command"])
        if name.startswith("loki"):
            assert mounted["/etc/loki/loki.yml"] == str(scaled.read("loki/loki.yml"))


@pytest.mark.parametrize(("given", "is_asked"), [({}, True), (ELSEWHERE, False)])
def test_only_the_storage_here_is_asked_for_its_figures(given: dict[str, str], is_asked: bool) -> None:
    assert ("storage:9327" in stack(**given).copies()["prometheus/monitoring.yml"]) is is_asked
