"""Compose files, images and networks agree on the services."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

from ops.paths import ROOT
from ops.settings import SAMPLE_SERVICES, SHOPPERS
from tests.support.compose_model import OFFLINE, load, parts, services, words
from tests.support.services import REGISTRY_ONLY, SANDBOX

IMAGES = tomllib.loads((ROOT / "images" / "images.toml").read_text(encoding="utf-8"))
LOCAL = {service: name for name, table in IMAGES.items() for service in table.get("services", [])}
OFFICIAL = [name for name, service in services().items() if "build" not in service]
PART_LINES = 250
SAMPLE_IMAGE = "erp-observability/erp:"
WITH_PYTHON_ALONE = ("alertmanager-config", "backup-copy", "logkeeper")


@pytest.mark.parametrize("part", parts(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_part_is_short_enough_to_be_read(part: Path) -> None:
    lines = [line.strip() for line in part.read_text(encoding="utf-8").splitlines()]
    assert len([line for line in lines if line and not line.startswith("#")]) <= PART_LINES


def test_a_service_of_the_sandbox_is_left_out_in_production() -> None:
    assert {name for name, each in services().items() if each.get("profiles") in (["sandbox"], ["shoppers"])} == SANDBOX


def test_the_services_of_the_sample_and_its_shoppers_are_those_that_ops_knows() -> None:
    assert set(services(ROOT / "erp_app" / "compose.yaml")) == set(SAMPLE_SERVICES)
    assert {name for name, each in services().items() if each.get("profiles") == ["sample"]} == set(SAMPLE_SERVICES)
    assert {name for name, each in services().items() if each.get("profiles") == ["shoppers"]} == set(SHOPPERS)


def test_the_samples_metrics_have_a_tmpfs_of_their_own_with_a_size() -> None:
    """Whatever fills /tmp, such as an upload, must not touch them."""
    dockerfile = (ROOT / "erp_app" / "Dockerfile").read_text(encoding="utf-8")
    (folder,) = re.findall(r"\bPROMETHEUS_MULTIPROC_DIR=(\S+)", dockerfile)
    processes = {name: each for name, each in services().items() if str(each.get("image")).startswith(SAMPLE_IMAGE)}
    assert processes.keys() >= {"erp-web", "erp-worker", "erp-beat"}
    for name, service in processes.items():
        assert "PROMETHEUS_MULTIPROC_DIR" not in service["environment"], name
        mounts = dict(mount.split(":", 1) for mount in service["tmpfs"])
        assert re.search(r"\bsize=\d+m\b", mounts[folder]), name


def test_stores_are_on_internal_networks_alone() -> None:
    networks = load()["networks"]
    stores = {network for name in ("erp-db", "erp-redis") for network in services()[name]["networks"]}
    assert [network for network in stores if not (networks[network] or {}).get("internal")] == []


@pytest.mark.parametrize("name", ["erp-web", "erp-worker", "erp-beat"])
def test_metrics_have_a_bounded_disk_of_their_own(name: str) -> None:
    """Without it the package falls back to /tmp, which an upload may fill."""
    folder = re.search(r"PROMETHEUS_MULTIPROC_DIR=(\S+)", (ROOT / "erp_app" / "Dockerfile").read_text(encoding="utf-8"))
    assert folder
    assert [mount for mount in services()[name]["tmpfs"] if re.match(rf"{folder[1]}:size=\d+m,", mount)] != []


def test_only_its_readers_reach_the_docker_socket_proxy() -> None:
    reach = {name for name, service in services().items() if "docker-api" in words(service.get("networks"))}
    assert reach == {"socket-proxy", "prometheus", "promtail", "telegraf", "logkeeper"}


@pytest.mark.parametrize("name", services())
def test_every_service_has_a_local_image_or_is_left_out_offline(name: str) -> None:
    assert (name in LOCAL) is not (name in REGISTRY_ONLY or name in WITH_PYTHON_ALONE)


def test_no_script_hides_a_module_of_python() -> None:
    """Its folder comes first where Python looks for modules, its own ones included."""
    scripts = {
        name: word for name, each in services().items() for word in words(each.get("command")) if word[-3:] == ".py"
    }
    assert scripts
    assert [name for name, script in scripts.items() if Path(script).stem in sys.stdlib_module_names] == []


@pytest.mark.parametrize("name", services(OFFLINE))
def test_the_offline_file_swaps_images_and_nothing_else(name: str) -> None:
    assert name in services()
    # What only official images can do is left out.
    changed = {key for key, value in services(OFFLINE)[name].items() if value is not None}
    assert changed <= ({"profiles"} if name in REGISTRY_ONLY else {"image", "pull_policy"})


@pytest.mark.parametrize("name", sorted(set(OFFICIAL) - REGISTRY_ONLY))
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


def test_what_is_built_of_the_exporter_beside_sentry_has_its_official_version() -> None:
    image = services(ROOT / "sentry" / "selfhosted" / "compose.selfhosted.yaml")["statsd"]["image"]
    assert image == f"prom/statsd-exporter:v{IMAGES['statsd-exporter']['version']}"
