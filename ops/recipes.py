"""The recipes of images/: what each local image is made of, and the digest that names it."""

import hashlib
import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ops.paths import IMAGES, ROOT

PREFIX = "erp-observability"
LEFT_OUT = {
    "compose.yaml",
    "faults",
    "__pycache__",
    ".pytest_cache",
    ".mypy_cache",
    ".ruff_cache",
    "node_modules",
    "dist",
}


@dataclass(frozen=True)
class Recipe:
    """One table of images.toml. `base` is the recipe whose image it starts from, None for the base itself.

    `modules`: the recipe whose Go modules it has, where they aren't its own.
    """

    name: str
    version: str
    base: str | None = "base"
    services: tuple[str, ...] = ()
    go_packages: tuple[str, ...] = ()
    modules: str = ""
    debian_packages: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    ldflags: str = ""
    args: dict[str, str] = field(default_factory=dict)
    context: str = ""
    contexts: dict[str, str] = field(default_factory=dict)
    suite: str = ""
    reports: tuple[str, ...] = ()
    differs: str = ""
    on_demand: bool = False

    @property
    def is_go(self) -> bool:
        return bool(self.go_packages)

    @property
    def folder(self) -> Path:
        """The build context: a folder of this repository."""
        return ROOT / self.context if self.context else IMAGES / self.name

    @property
    def other_folders(self) -> dict[str, Path]:
        """Further build contexts by the name that the Dockerfile has for them."""
        return {name: ROOT / folder for name, folder in self.contexts.items()}

    @property
    def go_folder(self) -> Path:
        """The folder with a Go program's module files."""
        return IMAGES / "go" / (self.modules or self.name)

    @property
    def digest(self) -> str:
        return _digest(self.name)

    @property
    def reference(self) -> str:
        return f"{PREFIX}/{self.name}:{self.version}-{self.digest}"

    @property
    def go_reference(self) -> str:
        """The image that holds only a Go program's binaries."""
        return f"{PREFIX}/go-{self.name}:{self.version}-{_go_digest(self.name)}"

    @property
    def variable(self) -> str:
        """The variable by which compose.offline.yaml names this image."""
        return f"IMAGE_{self.name.upper().replace('-', '_')}"


@cache
def recipes() -> dict[str, Recipe]:
    """All recipes by name, in an order in which each comes after what it is built from."""
    tables = tomllib.loads((IMAGES / "images.toml").read_text(encoding="utf-8"))
    return {name: _recipe(name, table) for name, table in tables.items()}


def of_the_stack() -> list[Recipe]:
    """Those that every stack has: all but what one test or command asks for by itself."""
    return [recipe for recipe in recipes().values() if not recipe.on_demand]


def _recipe(name: str, table: dict[str, Any]) -> Recipe:
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
    if name == "base":
        values["base"] = None
    return Recipe(name=name, **values)


def _files(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not LEFT_OUT & set(path.relative_to(folder).parts) and path.suffix != ".pyc":
            yield path


def _hash(parts: list[str], *folders: Path) -> str:
    sha = hashlib.sha256("\0".join(parts).encode())
    for folder in folders:
        for path in _files(folder) if folder.is_dir() else [folder]:
            mode = "x" if path.stat().st_mode & 0o100 else "-"
            sha.update(f"\0{path.relative_to(ROOT)}\0{mode}\0".encode())
            sha.update(path.read_bytes())
    return sha.hexdigest()[:12]


@cache
def _go_digest(name: str) -> str:
    recipe = recipes()[name]
    parts = [recipe.version, *recipe.go_packages, *recipe.tags, recipe.ldflags, _digest("toolchain")]
    return _hash(parts, IMAGES / "go" / "Dockerfile", recipe.go_folder)


@cache
def _digest(name: str) -> str:
    recipe = recipes()[name]
    if recipe.base is None:
        return _hash([recipe.suite, *recipe.debian_packages])
    parts = [recipe.version, json.dumps(recipe.args, sort_keys=True), _digest(recipe.base)]
    if recipe.is_go:
        parts.append(_go_digest(name))
    return _hash(parts, recipe.folder, *recipe.other_folders.values())
