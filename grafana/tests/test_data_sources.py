"""The provisioned data sources: the uids that boards name, the links between them, the interval of the scrape."""

import re
from pathlib import Path
from typing import Any

import yaml

PROVISIONING = Path(__file__).parents[1] / "provisioning"
FOLDER = PROVISIONING / "datasources"
FILES = sorted(path.stem for path in FOLDER.glob("*.yml"))


def data_sources(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"))["datasources"])


def test_data_sources_have_the_uids_that_boards_and_links_name() -> None:
    found = {name: {source["uid"]: source["type"] for source in data_sources(name)} for name in FILES}
    assert found == {
        "metrics": {"prometheus": "prometheus", "alertmanager": "alertmanager"},
        "tracing-off": {"loki": "loki"},
        "tracing-on": {"loki": "loki", "jaeger": "jaeger"},
    }
    assert [source["name"] for name in FILES for source in data_sources(name) if source["editable"]] == []


def test_with_tracing_loki_is_the_same_with_a_link_to_the_trace() -> None:
    (without,), (with_link, jaeger) = data_sources("tracing-off"), data_sources("tracing-on")
    link = with_link["jsonData"]["derivedFields"].pop()
    assert with_link == without
    assert (link["datasourceUid"], link["matcherRegex"]) == (jaeger["uid"], "trace_id")


def test_links_name_data_sources_that_are_provisioned_with_them() -> None:
    for name in ("tracing-off", "tracing-on"):
        provisioned = {source["uid"] for source in [*data_sources("metrics"), *data_sources(name)]}
        named = set(re.findall(r"(?:datasourceUid|alertmanagerUid): (\S+)", (FOLDER / f"{name}.yml").read_text()))
        assert named <= provisioned


def test_the_rate_interval_is_made_from_the_scrape_interval() -> None:
    (source,) = [each for each in data_sources("metrics") if each["uid"] == "prometheus"]
    scrape = yaml.safe_load((PROVISIONING.parents[1] / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    assert source["jsonData"]["timeInterval"] == scrape["global"]["scrape_interval"]
