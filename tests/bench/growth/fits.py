"""How a cost grows: the power of the number of services that it grows with, and where it leaves that."""

import math
from collections.abc import Sequence
from typing import Any

PER_UNIT = {
    "memory_bytes_per_series": "A series",
    "processor_microseconds_per_sample": "A sample",
}
BENT = 1.25


def of(points: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Of each cost for a unit: `power` (1 is linear, less is cheaper the more there are), and `bends_at`.

    `bends_at` is the first number of services from which a unit costs BENT times what the cheapest costs, None where
    none does; the steps before the cheapest don't count: there the base that is always paid is shared by few.
    """
    return {name: _fit(points, name) for name in PER_UNIT}


def _fit(points: Sequence[dict[str, Any]], name: str) -> dict[str, Any]:
    numbers = [float(each["services"]) for each in points]
    costs = [float(each[name]) for each in points]
    cheapest = costs.index(min(costs))
    bends = [number for number, cost in list(zip(numbers, costs, strict=True))[cheapest:] if cost > BENT * min(costs)]
    return {
        "power": power(numbers, [number * cost for number, cost in zip(numbers, costs, strict=True)]),
        "bends_at": int(bends[0]) if bends else None,
    }


def power(numbers: Sequence[float], together: Sequence[float]) -> float:
    """The power of the numbers that what they cost together grows with, by least squares of the logarithms."""
    across, up = ([math.log(each) for each in values] for values in (numbers, together))
    middle, height = sum(across) / len(across), sum(up) / len(up)
    spread = sum((each - middle) ** 2 for each in across)
    if not spread:
        return 1.0
    products = ((each - middle) * (other - height) for each, other in zip(across, up, strict=True))
    return round(sum(products) / spread, 3)
