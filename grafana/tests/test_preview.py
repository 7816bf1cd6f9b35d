"""The preview pins exact packages of Grafana's version line, and its proxy leads to the provisioned addresses."""

import json
import re
import tomllib
from typing import Any

import pytest

from grafana.tests.test_data_sources import data_sources
from ops.paths import ROOT
from tests.support.compose_model import services

FOLDER = ROOT / "grafana" / "preview"
PACKAGE: dict[str, Any] = json.loads((FOLDER / "package.json").read_text(encoding="utf-8"))
LOCK: dict[str, Any] = json.loads((FOLDER / "package-lock.json").read_text(encoding="utf-8"))
WANTED = {**PACKAGE["dependencies"], **PACKAGE["devDependencies"]}
KINDS = {"prometheus", "loki", "jaeger"}  # what the page draws; it has no use for the others


@pytest.mark.parametrize("name", WANTED)
def test_package_is_pinned_exactly_and_locked_at_the_same_version(name: str) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", WANTED[name])
    assert LOCK["packages"][f"node_modules/{name}"]["version"] == WANTED[name]


def test_locked_packages_have_a_checksum_and_no_address() -> None:
    packages = {name: package for name, package in LOCK["packages"].items() if name}
    assert [name for name, package in packages.items() if "resolved" in package or "integrity" not in package] == []


def test_libraries_are_of_one_version_of_the_official_images_line() -> None:
    """npm doesn't have every patch of the image; images/images.toml names the one that the preview is built on."""
    line = services()["grafana"]["image"].rpartition(":")[2].rpartition(".")[0]
    versions = {name: WANTED[name] for name in WANTED if name.startswith("@grafana/")}
    assert set(versions) == {f"@grafana/{name}" for name in ("data", "i18n", "schema", "ui")}
    (version,) = set(versions.values())
    assert version.startswith(f"{line}.")
    recipes = tomllib.loads((ROOT / "images" / "images.toml").read_text(encoding="utf-8"))
    assert f"libraries of {version}," in recipes["preview"]["differs"]


def test_server_leads_to_the_provisioned_addresses_and_nowhere_else() -> None:
    conf = (FOLDER / "nginx.conf").read_text(encoding="utf-8")
    provisioned = [source for name in ("metrics", "tracing-on") for source in data_sources(name)]
    addresses = {
        source["uid"]: source["url"].removeprefix("http://") for source in provisioned if source["type"] in KINDS
    }
    assert dict(re.findall(r"set \$(\w+) (\S+);", conf)) == addresses
    assert set(re.findall(r"proxy_pass http://\$(\w+)\$1", conf)) == set(addresses)
    assert conf.count("proxy_pass") == conf.count("proxy_pass http://$")
