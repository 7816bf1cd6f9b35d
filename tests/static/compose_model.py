"""Reads the Compose files without an engine; values keep their ${VARIABLES}."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ops.paths import ROOT

COMPOSE = ROOT / "compose.yaml"
OFFLINE = ROOT / "compose.offline.yaml"
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)")


class ComposeLoader(yaml.SafeLoader):
    """YAML with Compose's own tags: !reset takes a value away, !override replaces instead of merging."""


def _reset(loader: yaml.SafeLoader, node: yaml.Node) -> None:
    return None


def _override(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_object(node)


ComposeLoader.add_constructor("!reset", _reset)
ComposeLoader.add_constructor("!override", _override)


def parse(text: str) -> dict[str, Any]:
    return dict(yaml.load(text, ComposeLoader))  # noqa: S506 - a SafeLoader with two tags more


@cache
def load(path: Path = COMPOSE) -> dict[str, Any]:
    return parse(path.read_text(encoding="utf-8"))


def services(path: Path = COMPOSE) -> dict[str, dict[str, Any]]:
    return dict(load(path)["services"])


def variables(path: Path) -> set[str]:
    """The names that Compose fills in, comments left out, `$$` being a dollar."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return {name for line in lines if not line.lstrip().startswith("#") for name in VARIABLE.findall(line)}


def environment(service: dict[str, Any]) -> dict[str, str]:
    """A service's environment as a mapping, whichever of the two spellings it has."""
    given = service.get("environment") or {}
    if isinstance(given, list):
        given = dict(entry.partition("=")[::2] for entry in given)
    return {name: "" if value is None else str(value) for name, value in given.items()}


def words(value: Any) -> list[str]:
    """A command, entry point or list of names as a list of words."""
    if isinstance(value, str):
        return value.split()
    return [str(each) for each in value or []]
