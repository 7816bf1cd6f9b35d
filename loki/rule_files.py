"""The rules that Loki evaluates, read as it reads them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

RULES = Path(__file__).with_name("rules")

Rule = dict[str, Any]


def paths() -> dict[str, Path]:
    """Every file of rules by its name; those that begin with own are their user's. Loki reads no folders below it."""
    return {path.stem: path for path in sorted(RULES.glob("*.yml")) if not path.name.startswith("own")}


@cache
def groups() -> tuple[tuple[str, dict[str, Any]], ...]:
    """Every group of rules with the name of its file."""
    files = {name: yaml.safe_load(path.read_text(encoding="utf-8")) for name, path in paths().items()}
    return tuple((name, group) for name, file in files.items() for group in file["groups"])


def rules() -> list[tuple[str, Rule]]:
    """Every rule with the name of its file."""
    return [(file, rule) for file, group in groups() for rule in group["rules"]]


def alerts() -> list[tuple[str, Rule]]:
    return [(file, rule) for file, rule in rules() if "alert" in rule]


def recorded() -> set[str]:
    """The series that Prometheus gets."""
    return {rule["record"] for _, rule in rules() if "record" in rule}
