"""Loki's stream labels are a contract: four of them, none that a client of the ERP can fill."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from ops.paths import ROOT

ALLOWED = {"service", "env", "level", "stream"}


def configuration() -> dict[str, Any]:
    text = (ROOT / "promtail" / "promtail.yml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


def labels(node: Any) -> Iterator[str]:
    """The label names that a piece of Promtail's configuration can give a line."""
    if isinstance(node, list):
        for each in node:
            yield from labels(each)
    if isinstance(node, dict):
        for key, value in node.items():
            if key in ("labels", "static_labels") and isinstance(value, dict):
                yield from value
            elif key == "target_label":
                yield value
            elif key == "action" and value == "labelmap":
                yield "labelmap: any label"
            else:
                yield from labels(value)


def test_only_allowed_labels_reach_loki() -> None:
    given = {label for label in labels(configuration()["scrape_configs"]) if not label.startswith("__")}
    assert given <= ALLOWED


def test_a_label_in_any_place_is_found() -> None:
    faults = yaml.safe_load(
        """
        - static_configs: [{labels: {a: b}}]
        - relabel_configs: [{target_label: c}, {action: labelmap}]
        - pipeline_stages: [{match: {stages: [{labels: {d: null}}]}}, {static_labels: {e: f}}]
        """
    )
    assert set(labels(faults)) == {"a", "c", "labelmap: any label", "d", "e"}
