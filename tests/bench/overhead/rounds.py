"""Interleaves the variants, so that what else the machine does meets all of them alike, and sums up the rounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

from tests.bench.overhead.variants import BARE, VIEWS, Variant


@dataclass(frozen=True)
class Sample:
    """One block of requests: milliseconds per request, by the clock and of processor time."""

    wall_ms: float
    cpu_ms: float


@dataclass(frozen=True)
class Figure:
    """The best round is what a variant takes; the middle one says how much else went on."""

    wall_ms: float
    wall_ms_median: float
    cpu_ms: float
    cpu_ms_median: float

    @property
    def noise_percent(self) -> float:
        return 100 * (self.wall_ms_median / self.wall_ms - 1)


Figures = dict[str, dict[str, Figure]]
"""By view, then by the variant's name."""


def interleave(variants: Sequence[Variant], rounds: int, run: Callable[[Variant, str], Sample]) -> Figures:
    """Every round runs every variant on every view; each begins with another variant. The first only warms up."""
    samples: dict[tuple[str, str], list[Sample]] = {}
    for number in range(rounds + 1):
        first = number % len(variants)
        for variant in (*variants[first:], *variants[:first]):
            for view in VIEWS:
                sample = run(variant, view)
                if number:
                    samples.setdefault((view, variant.name), []).append(sample)
    return {view: {each.name: _sum_up(samples[view, each.name]) for each in variants} for view in VIEWS}


def _sum_up(samples: Sequence[Sample]) -> Figure:
    wall, cpu = [each.wall_ms for each in samples], [each.cpu_ms for each in samples]
    return Figure(min(wall), median(wall), min(cpu), median(cpu))


def cost(figures: dict[str, Figure], variant: Variant, measure: str = "wall_ms") -> float:
    """What a variant takes above bare Django, in milliseconds per request."""
    taken: float = getattr(figures[variant.name], measure) - getattr(figures[BARE.name], measure)
    return taken


def ratio(figures: dict[str, Figure], ours: Variant, usual: Variant, measure: str = "wall_ms") -> float:
    return cost(figures, ours, measure) / cost(figures, usual, measure)
