"""docs/operations/sizing.md says what the benches have measured, and what the configuration allows."""

from typing import Any

import pytest

from ops.paths import ROOT
from tests.bench.growth import fits, machines, sizing
from tests.bench.growth.machines import Program
from tests.bench.growth.units import LOGS_TB, configuration

NOT_YET = {
    "rules": "take too long isn't measured yet",
    "stored": "chunks take on the disk isn't measured yet",
    "boards": "the boards take for more days isn't measured yet",
    "storm": "one Alertmanager bears isn't measured yet",
}
ROW = {"applications": 2, "series": 900, "round_seconds": 0.5, "cores": 0.2, "slowest_group": "http", "missed": 0}
FOUND: dict[str, dict[str, Any]] = {
    "rules": {
        "machine": {"taken": "2020-02-02"},
        "series_each": 450,
        "rules": [ROW | {"applications": 1, "cores": 0.1, "slowest_share": 0.01}, ROW | {"slowest_share": 0.125}],
    },
    "stored": {"lines": 1000, "bytes_a_line": 500, "bytes_stored_for_each": 0.25},
    "boards": {
        "days": {"number": 2, "samples": 3000, "lines": 4000},
        "boards": {
            "celery": {"1 d": {"all": 1.0, "unanswered": 0}, "2 d": {"all": 2.0, "unanswered": 0}},
            "django": {"1 d": {"all": 1.0, "unanswered": 0}, "2 d": {"all": 0.5, "unanswered": 3}},
        },
    },
    "storm": {"taken": "2020-02-02", "seen_after": 14.5, "trouble": ""},
}
SAYS = {
    "rules": ("| 2 | 900 | 0.5 | 0.2 | http, 12.5% | 0 |", "the power 1.0 of"),
    "stored": (*(f"{size / 4:.2f} TB" for size in LOGS_TB), "0.25 bytes for each byte of a line"),
    "boards": ("| celery | 1.00 | 2.00 | 1.0 |", "| django | 1.00 | (3; 0.50) |", "3,000 samples, 4,000 lines"),
    "storm": ("Within 14.5 s each channel",),
}


def test_the_page_is_what_the_figures_say() -> None:
    assert sizing.PAGE.read_text(encoding="utf-8") == sizing.text(**sizing.figures()), (
        "docs/operations/sizing.md isn't what its figures say: `python -m tests.bench.growth.sizing` writes it."
    )


@pytest.mark.parametrize("name", NOT_YET)
def test_what_was_never_measured_is_called_so(name: str) -> None:
    said = sizing.text(**{**sizing.figures(), name: {}})
    assert NOT_YET[name] in " ".join(said.split())


@pytest.mark.parametrize("name", SAYS)
def test_what_was_measured_is_on_the_page(name: str) -> None:
    said = " ".join(sizing.text(**{**sizing.figures(), name: FOUND[name]}).split())
    assert [text for text in SAYS[name] if text not in said] == []
    assert NOT_YET[name] not in said


def test_replicas_are_on_machines_of_their_own() -> None:
    found = {"store": Program(1, 10), "query": Program(2, 10), "loki": Program(3, 10)}
    assert machines.placed(found, 3) == [(2, {"query": 1, "loki": 1}), (1, {"store": 1, "loki": 1})]
    assert machines.placed(found, 1) == [(1, {"store": 1, "query": 2, "loki": 3})]


def test_no_engine_has_tenants_as_the_page_says() -> None:
    assert not configuration("loki/loki.yml")["auth_enabled"]
    read = ("compose.scale.yaml", "gateway/Caddyfile", "scale/query.caddy", "promtail/promtail.yml")
    assert [file for file in read if "tenant" in (ROOT / file).read_text(encoding="utf-8").lower()] == []


def grown(*memory: int) -> list[dict[str, int]]:
    name, other = fits.PER_UNIT
    return [{"services": 2**number, name: each, other: 10} for number, each in enumerate(memory)]


def test_a_cost_that_is_the_same_for_each_is_linear() -> None:
    assert fits.of(grown(500, 500, 500))["memory_bytes_per_series"] == {"power": 1.0, "bends_at": None}


def test_a_cost_that_doubles_with_the_number_is_its_square_and_bends() -> None:
    assert fits.of(grown(100, 200, 400))["memory_bytes_per_series"] == {"power": 2.0, "bends_at": 2}


def test_a_base_that_few_share_is_no_bend() -> None:
    assert fits.of(grown(900, 300, 200))["memory_bytes_per_series"]["bends_at"] is None
