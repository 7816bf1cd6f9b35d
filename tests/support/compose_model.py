"""Reads the Compose files without an engine, `include` and `extends` followed; values keep their ${VARIABLES}."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from ops.paths import ROOT

COMPOSE = ROOT / "compose.yaml"
COMMON = ROOT / "compose.common.yaml"
AGENT = ROOT / "compose.agent.yaml"
OFFLINE = ROOT / "compose.offline.yaml"
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)")


@dataclass(frozen=True)
class Override:
    value: Any


class ComposeLoader(yaml.SafeLoader):
    """YAML with Compose's own tags: !reset takes a value away, !override replaces instead of merging."""


def _reset(loader: yaml.SafeLoader, node: yaml.Node) -> None:
    return None


def _override(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return Override(loader.construct_mapping(node, deep=True))
    if isinstance(node, yaml.SequenceNode):
        return Override(loader.construct_sequence(node, deep=True))
    return Override(loader.construct_object(node))


ComposeLoader.add_constructor("!reset", _reset)
ComposeLoader.add_constructor("!override", _override)


def parse(text: str) -> dict[str, Any]:
    return dict(yaml.load(text, ComposeLoader))  # noqa: S506 - a SafeLoader with two tags more


@cache
def load(path: Path = COMPOSE) -> dict[str, Any]:
    """One file with what it includes and extends."""
    content = parse(path.read_text(encoding="utf-8"))
    found = {kind: dict(content.get(kind) or {}) for kind in ("services", "networks", "volumes", "secrets")}
    found["services"] = {name: _extended(service, path) for name, service in found["services"].items()}
    for part in content.get("include", []):
        for kind, named in load(path.parent / part).items():
            found[kind] |= named
    return found


def parts() -> list[Path]:
    """compose.yaml and what it includes."""
    return [COMPOSE, *(COMPOSE.parent / part for part in parse(COMPOSE.read_text(encoding="utf-8"))["include"])]


def _extended(service: dict[str, Any], path: Path) -> dict[str, Any]:
    extends = service.get("extends")
    if extends is None:
        return service
    extends = {"service": extends} if isinstance(extends, str) else extends
    file = path.parent / extends["file"] if "file" in extends else path
    base = _extended(parse(file.read_text(encoding="utf-8"))["services"][extends["service"]], file)
    return dict(_merged(base, {key: value for key, value in service.items() if key != "extends"}))


def _merged(base: Any, over: Any) -> Any:
    if isinstance(over, Override):
        return over.value
    if isinstance(base, dict) and isinstance(over, dict):
        return base | {key: _merged(base.get(key), value) for key, value in over.items()}
    return base + over if isinstance(base, list) and isinstance(over, list) else over


def services(path: Path = COMPOSE) -> dict[str, dict[str, Any]]:
    return dict(load(path)["services"])


def variables(path: Path) -> set[str]:
    """The names that Compose fills in, comments left out, `$$` being a dollar."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return {name for line in lines if not line.lstrip().startswith("#") for name in VARIABLE.findall(line)}


def words(value: Any) -> list[str]:
    """A command, entry point or list of names as a list of words."""
    if isinstance(value, str):
        return value.split()
    return [str(each) for each in value or []]
