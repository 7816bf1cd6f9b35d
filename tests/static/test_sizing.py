"""docs/operations/sizing.md says what the benches have measured, and what the configuration allows."""

import json

from tests.bench.growth import fits, sizing
from tests.bench.stack import RESULTS


def test_the_page_is_what_the_figures_say() -> None:
    found = [json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8")) for name in ("growth", "lines")]
    assert sizing.PAGE.read_text(encoding="utf-8") == sizing.text(*found), (
        "docs/operations/sizing.md isn't what its figures say: `python -m tests.bench.growth.sizing` writes it."
    )


def grown(*memory: int) -> list[dict[str, int]]:
    name, other = fits.PER_UNIT
    return [{"services": 2**number, name: each, other: 10} for number, each in enumerate(memory)]


def test_a_cost_that_is_the_same_for_each_is_linear() -> None:
    assert fits.of(grown(500, 500, 500))["memory_bytes_per_series"] == {"power": 1.0, "bends_at": None}


def test_a_cost_that_doubles_with_the_number_is_its_square_and_bends() -> None:
    assert fits.of(grown(100, 200, 400))["memory_bytes_per_series"] == {"power": 2.0, "bends_at": 2}


def test_a_base_that_few_share_is_no_bend() -> None:
    assert fits.of(grown(900, 300, 200))["memory_bytes_per_series"]["bends_at"] is None
