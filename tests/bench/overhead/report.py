"""What the run found, as JSON for the file, and whether its goals are met."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from ops.console import table
from tests.bench.overhead.pages import Page
from tests.bench.overhead.rounds import Figures, cost, ratio
from tests.bench.overhead.variants import (
    KNOBS_BY_PARTS,
    OURS,
    OURS_BY_PARTS,
    OURS_TRACED,
    USUAL,
    USUAL_BY_PARTS,
    USUAL_TRACED,
    Variant,
)

CHAINS = {"usual": USUAL_BY_PARTS, "SDK with its knobs": KNOBS_BY_PARTS, "ours": OURS_BY_PARTS}
THIRD = 0.333
HALF = 0.5
NOOP_PROCESSOR = 0.22
"""Of what the usual set-up takes, on a view that does nothing."""
PAGE_MS = 50.0
FLAT = 1.25
"""How much slower a page may become through noise alone."""


@dataclass(frozen=True)
class Goal:
    """A measure that must not exceed its limit."""

    goal: str
    found: float
    limit: float

    @property
    def met(self) -> bool:
        return self.found <= self.limit


def figures_as_json(figures: Figures) -> dict[str, Any]:
    return {
        view: {
            name: {
                **{key: round(value, 3) for key, value in asdict(figure).items()},
                "noise_percent": round(figure.noise_percent, 1),
            }
            for name, figure in by_name.items()
        }
        for view, by_name in figures.items()
    }


def parts(figures: Figures) -> dict[str, Any]:
    """By view and set-up, what each part adds in milliseconds per request: where the cost goes."""
    return {
        view: {
            name: {
                after.adds: round(cost(by_name, after) - cost(by_name, before), 3) for before, after in pairwise(chain)
            }
            for name, chain in CHAINS.items()
        }
        for view, by_name in figures.items()
    }


def goals(single: Figures, served: Figures, asgi: Figures, pages: dict[str, dict[str, Page]]) -> list[Goal]:
    traced = ((OURS, USUAL, THIRD), (OURS_TRACED, USUAL_TRACED, HALF))
    return [
        *_ratios("single process", single, traced),
        *_ratios("gunicorn", served, traced),
        *_ratios("uvicorn", asgi, traced[:1]),
        *_pages(pages[OURS.name]),
    ]


def _ratios(where: str, figures: Figures, pairs: Sequence[tuple[Variant, Variant, float]]) -> Iterator[Goal]:
    for view, by_name in figures.items():
        for measure, kind in (("wall_ms", "time"), ("cpu_ms", "processor time")):
            for ours, usual, limit in pairs:
                strict = (view, measure, ours) == ("noop", "cpu_ms", OURS)
                name = f"{where}, {view}, {kind}: what {ours.name} costs / what {usual.name} costs"
                yield Goal(name, round(ratio(by_name, ours, usual, measure), 2), NOOP_PROCESSOR if strict else limit)


def _pages(pages: dict[str, Page]) -> Iterator[Goal]:
    first, last = pages.values()
    for moment, page in pages.items():
        yield Goal(f"/metrics {moment}: median ms", page.median_ms, PAGE_MS)
    yield Goal("/metrics: time after the deaths / time before", round(last.median_ms / first.median_ms, 2), FLAT)
    yield Goal("/metrics: files after the deaths / files before", round(last.files / first.files, 2), 1.0)


def goals_as_table(found: list[Goal]) -> str:
    rows = [["met" if each.met else "missed", each.goal, str(each.found), str(each.limit)] for each in found]
    return table(rows, ["", "goal", "found", "at most"])
