"""The table of services is the truth: Compose, images, scrape jobs and networks agree with it."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from ops.paths import ROOT
from tests.static.compose_model import OFFLINE, load, parts, services, words
from tests.support.services import SERVICES, Role

IMAGES = tomllib.loads((ROOT / "images" / "images.toml").read_text(encoding="utf-8"))
LOCAL = {service: name for name, table in IMAGES.items() for service in table.get("services", [])}
OFFICIAL = [name for name, service in services().items() if "build" not in service]
PART_LINES = 250
SCRAPED = [name for name, service in SERVICES.items() if not service.not_scraped]


def scrape_jobs() -> dict[str, dict[str, Any]]:
    folder = ROOT / "prometheus"
    files = [folder / "prometheus.yml", *sorted((folder / "scrape").glob("*.yml"))]
    found = [yaml.safe_load(path.read_text(encoding="utf-8"))["scrape_configs"] for path in files]
    return {job["job_name"]: job for jobs in found for job in jobs}


@pytest.mark.parametrize("part", parts(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_part_is_short_enough_to_be_read(part: Path) -> None:
    lines = [line.strip() for line in part.read_text(encoding="utf-8").splitlines()]
    assert len([line for line in lines if line and not line.startswith("#")]) <= PART_LINES


def test_the_table_and_compose_name_the_same_services() -> None:
    assert set(SERVICES) == set(services())


@pytest.mark.parametrize("name", SERVICES)
def test_networks_are_those_of_the_table(name: str) -> None:
    assert set(words(services()[name].get("networks"))) == SERVICES[name].networks


@pytest.mark.parametrize("name", SERVICES)
def test_published_port_is_that_of_the_table(name: str) -> None:
    settings = [re.findall(r"\$\{(\w+_PORT)", str(port)) for port in services()[name].get("ports") or []]
    setting = SERVICES[name].port_setting
    assert settings == ([[setting]] if setting else [])


@pytest.mark.parametrize("name", SERVICES)
def test_profile_is_that_of_the_table(name: str) -> None:
    profiles = services()[name].get("profiles") or []
    assert profiles == ([SERVICES[name].profile] if SERVICES[name].profile else [])


def test_a_service_of_the_sandbox_is_left_out_in_production() -> None:
    assert {service.profile for service in SERVICES.values() if service.role is Role.SANDBOX} == {"sandbox"}


def test_stores_are_on_internal_networks_alone() -> None:
    networks = load()["networks"]
    stores = {network for name in ("erp-db", "erp-redis") for network in SERVICES[name].networks}
    assert [network for network in stores if not (networks[network] or {}).get("internal")] == []


def test_only_its_readers_reach_the_docker_socket_proxy() -> None:
    reach = {name for name, service in SERVICES.items() if "docker-api" in service.networks}
    assert reach == {"socket-proxy", "promtail", "telegraf"}


@pytest.mark.parametrize("name", sorted(set(SERVICES) - set(SCRAPED)))
def test_unscraped_service_has_no_scrape_job(name: str) -> None:
    assert name not in scrape_jobs()


@pytest.mark.parametrize("name", SCRAPED)
def test_service_has_a_scrape_job_of_its_name(name: str) -> None:
    assert name in scrape_jobs()


def test_every_scrape_job_is_a_service_or_a_probe() -> None:
    others = set(scrape_jobs()) - set(SCRAPED)
    assert {name for name in others if "blackbox" not in str(scrape_jobs()[name])} == set()


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_a_local_image_or_is_left_out_offline(name: str) -> None:
    left_out = SERVICES[name].registry_only
    assert (name in LOCAL) is not (left_out or name == "alertmanager-config")


def test_the_offline_file_changes_services_of_the_main_file_only() -> None:
    assert set(services(OFFLINE)) <= set(services())


@pytest.mark.parametrize("name", services(OFFLINE))
def test_the_offline_file_swaps_images_and_nothing_else(name: str) -> None:
    # What only official images can do is left out.
    more = {name: {"profiles"} for name, service in SERVICES.items() if service.registry_only}
    changed = {key for key, value in services(OFFLINE)[name].items() if value is not None}
    assert changed <= {"image", "pull_policy"} | more.get(name, set())


@pytest.mark.parametrize("name", sorted(set(OFFICIAL) - {n for n in OFFICIAL if SERVICES[n].registry_only}))
def test_offline_image_is_the_local_one(name: str) -> None:
    image = str(services(OFFLINE)[name]["image"])
    recipe = LOCAL.get(name, "python")
    assert f"IMAGE_{recipe.upper().replace('-', '_')}" in image


@pytest.mark.parametrize("name", sorted(set(OFFICIAL) & set(LOCAL)))
def test_local_image_has_the_official_version(name: str) -> None:
    table = IMAGES[LOCAL[name]]
    official = re.sub(r"^.*:v?", "", services()[name]["image"])
    same = official == table["version"] or official.startswith(f"{table['version']}-")
    assert same is not bool(table.get("differs")), (
        f"{name} is {official} in the Compose files and {table['version']} in images.toml; "
        "`differs` has to say why where they differ, and only there"
    )
