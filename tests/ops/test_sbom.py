"""What `make sbom` writes of an image of our own is what its lock files pin, and the file can be read back."""

import json
import re

from cyclonedx.model.bom import Bom

from images import sbom
from ops import recipes
from ops.commands import current
from ops.paths import ROOT

PIN = re.compile(r"^([\w.-]+)==([\w.+!]+)", re.MULTILINE)
# `go version -m` of a program with a module that another one replaces.
GO = """/out/shop: go1.26.1
\tpath\texample.com/shop
\tmod\tbuild\t(devel)\t
\tdep\texample.com/kept\tv1.2.3\th1:a=
\tdep\texample.com/replaced\tv1.0.0
\t=>\texample.com/fork\tv1.0.1\th1:b=
"""


def test_python_packages_are_those_that_the_lock_file_pins() -> None:
    recipe = recipes.recipes()["guard"]
    names = {str(part) for part in sbom.parts_of(recipe, sbom.own(current())["guard"])}
    pins = PIN.findall((recipe.folder / "requirements.txt").read_text(encoding="utf-8"))
    assert pins
    assert {f"pkg:pypi/{name}@{version}" for name, version in pins} <= names
    assert [name for name in names if name.startswith("pkg:deb/debian/libc6@")]


def test_a_replaced_module_is_named_as_what_is_compiled() -> None:
    found = {str(part) for part in sbom.go(GO)}
    assert found == {
        "pkg:golang/stdlib@1.26.1",
        "pkg:golang/example.com/kept@v1.2.3",
        "pkg:golang/example.com/fork@v1.0.1",
    }


def test_of_npm_what_only_builds_the_page_is_left_out() -> None:
    preview = ROOT / "grafana" / "preview"
    names = {part.name for part in sbom.npm((preview / "package-lock.json").read_text(encoding="utf-8"))}
    package = json.loads((preview / "package.json").read_text(encoding="utf-8"))
    assert {name.rpartition("/")[2] for name in package["dependencies"]} <= names
    assert "vite" not in names


def test_the_file_can_be_read_back() -> None:
    parts = list(sbom.go(GO))
    text = sbom.bom("shop", "1.0", [*parts, *parts])
    read = Bom.from_json(json.loads(text))  # type: ignore[attr-defined]
    assert read is not None
    assert sorted(str(each.purl) for each in read.components) == sorted(map(str, parts))
    assert read.metadata.component is not None
    assert read.metadata.component.name == "shop"
