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
    return {"power": round(_power(numbers, costs), 3), "bends_at": int(bends[0]) if bends else None}


def _power(numbers: Sequence[float], costs: Sequence[float]) -> float:
    """Least squares of the logarithms of all that the units cost together."""
    across = [math.log(number) for number in numbers]
    up = [math.log(number * cost) for number, cost in zip(numbers, costs, strict=True)]
    middle, height = sum(across) / len(across), sum(up) / len(up)
    spread = sum((each - middle) ** 2 for each in across)
    if not spread:
        return 1.0
    return sum((each - middle) * (other - height) for each, other in zip(across, up, strict=True)) / spread
