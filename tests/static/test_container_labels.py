"""By its labels every container is found by those who watch it; docs/applications.md says what each label means."""

import re
import tomllib
from typing import Any

import pytest
import yaml

from ops import application
from ops.labels import FORMS
from ops.paths import ROOT
from ops.settings import FIRST, Settings, defaults
from tests.support import readme
from tests.support.compose_model import load, parts, services, words
from tests.support.services import NOT_SCRAPED, ONE_SHOTS, SCRAPED

PREFIX = "observability."
READERS = ("prometheus/prometheus.yml", "promtail/promtail.yml", "exporters/telegraf.conf")
PAGE = readme.APPLICATIONS.read_text(encoding="utf-8")
FENCED = readme.blocks(readme.APPLICATIONS)
OVERRIDE = FENCED["compose.override.yaml"]
DESCRIBED = set(re.findall(r"^\| `observability\.([a-z-]+)` \|", PAGE, re.MULTILINE))
OWN = [
    target
    for group in yaml.safe_load((ROOT / "prometheus" / "monitoring.yml").read_text())
    for target in group["targets"]
]
APPLICATIONS = {"erp_app": "erp", "sandbox": "sandbox"}
BY_PART = {name: part.parent.name for part in parts() for name in yaml.safe_load(part.read_text())["services"]}


def test_what_a_user_adds_is_eight_lines_and_the_same_in_both_documents() -> None:
    added = OVERRIDE.partition("    labels:\n")[2].partition("secrets:\n")[0]
    assert len(added.splitlines()) + 1 == 8
    assert f"    labels:\n{added}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_make_application_prints_what_is_documented() -> None:
    chosen = ("shop", "production", "web", "8000", "/srv/monitoring/secrets", "shop_sentry_dsn")
    printed = application.lines(*chosen, settings=Settings(defaults(), {}))
    assert printed == OVERRIDE


def test_one_shots_and_nothing_else_say_that_they_end() -> None:
    """Telegraf leaves the starts of one that says so out, which ContainerRestartLoop counts."""
    assert {name for name in services() if labels(name).get("once") == "on"} == set(ONE_SHOTS)
    telegraf = tomllib.loads((ROOT / "exporters" / "telegraf.conf").read_text(encoding="utf-8"))["inputs"]["docker"][0]
    left_out = 'name == "docker_container_status" && "observability.once" in tags && tags["observability.once"] == "on"'
    assert f"&& !({left_out})" in telegraf["metricpass"]
    assert "observability.once" in telegraf["docker_label_include"]


def test_the_documented_exporters_are_those_of_the_stack() -> None:
    documented = yaml.safe_load(FENCED["compose.stores.yaml"])["services"]
    ours = yaml.safe_load((ROOT / "erp_app" / "compose.yaml").read_text(encoding="utf-8"))["services"]
    for theirs, name in (("db-exporter", "postgres-exporter"), ("redis-exporter", "redis-exporter")):
        assert documented[theirs]["image"] == ours[name]["image"]


def test_documented_labels_are_described() -> None:
    found = {name for text in FENCED.values() for name in re.findall(r"observability\.([a-z-]+):", text)}
    assert found <= DESCRIBED


def labels(name: str) -> dict[str, Any]:
    given = services()[name]["labels"]
    return {key.removeprefix(PREFIX): value for key, value in given.items() if key.startswith(PREFIX)}


def filled_in(value: str) -> str:
    """With the default of its variable."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)


def networks(name: str) -> set[str]:
    """As the engine names them."""
    declared = load()["networks"]
    return {
        filled_in((declared[key] or {}).get("name", f"{FIRST}_{key}"))
        for key in words(services()[name].get("networks"))
    }


def test_what_is_read_is_what_is_described() -> None:
    text = "\n".join((ROOT / path).read_text(encoding="utf-8") for path in READERS)
    found = {name.replace("_", "-") for name in re.findall(r"__meta_docker_container_label_observability_(\w+)", text)}
    assert found | set(re.findall(r'"observability\.([a-z-]+)"', text)) == DESCRIBED
    assert FORMS.keys() == DESCRIBED


def test_those_who_read_a_name_and_make_applications_have_one_form_of_it() -> None:
    form, _ = FORMS["application"]
    named = re.findall(r'regex: "(.*;.*;.*)"', "\n".join((ROOT / path).read_text("utf-8") for path in READERS))
    assert set(named) == {
        f"{form};({form})?;({form})?",
        f"({form})?;({form})?;({form})?",
        f"{form};{form};({form})?",
    }
    # Prometheus' containers, Telegraf's figures of them and the files of targets/, Promtail
    assert len(named) == 4


@pytest.mark.parametrize("name", services())
def test_labels_are_described_and_texts(name: str) -> None:
    assert labels(name).keys() - DESCRIBED == set()
    assert [value for value in labels(name).values() if not isinstance(value, str)] == []


@pytest.mark.parametrize("name", services())
def test_a_service_says_whose_it_is(name: str) -> None:
    assert labels(name)["application"] == APPLICATIONS.get(BY_PART[name], "monitoring")
    assert labels(name)["env"] == "${ENV:-sandbox}"
    assert filled_in(labels(name)["stack"]) == FIRST


def test_what_has_metrics_is_scraped_once_and_nothing_else_is() -> None:
    labelled = [name for name in services() if "metrics-port" in labels(name)]
    assert sorted([*labelled, *(target.partition(":")[0] for target in OWN)]) == sorted(SCRAPED)


def test_only_the_monitorings_own_programs_are_a_file() -> None:
    assert {labels(target.partition(":")[0])["application"] for target in OWN} == {"monitoring"}


@pytest.mark.parametrize("name", services())
def test_prometheus_and_blackbox_share_the_network_of_what_they_ask(name: str) -> None:
    given = labels(name)
    network = filled_in(given.get("network", "observability"))
    askers = [each for each, label in (("prometheus", "metrics-port"), ("blackbox", "health")) if label in given]
    assert [each for each in askers if network not in networks(each) & networks(name)] == []


@pytest.mark.parametrize("name", sorted(NOT_SCRAPED))
def test_what_has_no_metrics_has_a_probe(name: str) -> None:
    assert "health" in labels(name)


@pytest.mark.parametrize("name", sorted(set(services()) - ONE_SHOTS))
def test_only_stores_and_helpers_have_a_kind(name: str) -> None:
    """An application's own process has none: rules tell it by that."""
    own = re.fullmatch(r"erp-(web|worker|beat)", name) or labels(name)["application"] == "monitoring"
    assert ("kind" in labels(name)) is not bool(own)
