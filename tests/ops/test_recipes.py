"""A recipe's digest changes with what the image is made of, and with nothing else."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops import images, recipes
from tests.support.stack import ROOT


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    for folder in ("images", "erp_app", "django-instrumentation", "sandbox", "gateway/guard", "grafana/preview"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns(*recipes.LEFT_OUT))
    monkeypatch.setattr(recipes, "ROOT", tmp_path)
    monkeypatch.setattr(recipes, "IMAGES", tmp_path / "images")
    forget()
    yield tmp_path
    forget()


def forget() -> None:
    for cached in (recipes.recipes, recipes._digest, recipes._go_digest):
        cached.cache_clear()


def digests() -> dict[str, str]:
    forget()
    return {name: recipe.digest for name, recipe in recipes.recipes().items()}


def changed(before: dict[str, str]) -> set[str]:
    return {name for name, digest in digests().items() if digest != before[name]}


def test_an_untouched_tree_keeps_its_digests(tree: Path) -> None:
    before = digests()
    (tree / "erp_app" / "__pycache__").mkdir()
    (tree / "erp_app" / "__pycache__" / "x.cpython-313.pyc").write_bytes(b"x")
    (tree / "grafana" / "preview" / "node_modules").mkdir()
    (tree / "grafana" / "preview" / "node_modules" / "x.js").write_bytes(b"x")
    assert changed(before) == set()


def test_the_folder_of_the_checkout_may_have_any_name(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also that of a folder which is left out of the images."""
    before = digests()
    moved = tree.rename(tree.parent / "faults")
    monkeypatch.setattr(recipes, "ROOT", moved)
    monkeypatch.setattr(recipes, "IMAGES", moved / "images")
    assert changed(before) == set()
    (moved / "sandbox" / "switch.py").write_text("", encoding="utf-8")
    assert changed(before) == {"sandbox"}


@pytest.mark.parametrize(
    ("file", "images"),
    [
        ("images/prometheus/Dockerfile", {"prometheus", "prometheus-kubernetes"}),
        ("images/go/loki/go.sum", {"loki"}),
        ("images/go/prometheus/go.sum", {"prometheus", "prometheus-kubernetes"}),
        ("images/go/coredns/go.mod", {"coredns", "kubernetes"}),
        ("images/postgres/docker-entrypoint.sh", {"postgres"}),
        ("images/debian-program/Dockerfile", {"rclone", "restic"}),
        ("sandbox/Dockerfile", {"sandbox"}),
        ("erp_app/requirements.txt", {"erp"}),
        ("grafana/preview/nginx.conf", {"preview"}),
        (
            "images/python/Dockerfile",
            {"python", "erp", "sandbox", "bugsink", "guard", "profiler", "faketime", "seaweedfs"},
        ),
    ],
)
def test_a_changed_file_rebuilds_only_what_it_is_in(tree: Path, file: str, images: set[str]) -> None:
    before = digests()
    with (tree / file).open("a", encoding="utf-8") as sink:
        sink.write("\n# changed\n")
    assert changed(before) == images


def test_every_recipe_of_a_go_program_is_pinned_to_its_version() -> None:
    for recipe in recipes.recipes().values():
        if recipe.is_go:
            module_file = (recipe.go_folder / "go.mod").read_text(encoding="utf-8")
            major, minor, patch = recipe.version.split(".")
            # Modules whose numbers are others than their programs': Prometheus 3.13.5 is v0.313.5, Jaeger 2.13 v1.76.
            others = {"prometheus": f"v0.{major}{minor}.{patch}", "jaeger": f"v1.{int(minor) + 63}.{patch}"}
            wanted = others.get(recipe.go_folder.name, f"v{recipe.version}")
            assert f"{wanted}\n" in module_file.replace(" // indirect", ""), recipe.name


@pytest.mark.parametrize("asked_for", [False, True])
def test_an_image_on_demand_is_built_when_it_is_asked_for_and_at_no_other_time(
    monkeypatch: pytest.MonkeyPatch, asked_for: bool
) -> None:
    built: list[str] = []
    monkeypatch.setattr(images, "present", lambda reference: False)
    monkeypatch.setattr(images, "build", lambda recipe: built.append(recipe.name))
    every = recipes.recipes()
    images.build_all({every["statsd-exporter"].reference} if asked_for else set())
    others = [name for name, recipe in every.items() if not recipe.on_demand]
    assert built == (["base", "toolchain", "statsd-exporter"] if asked_for else others)
