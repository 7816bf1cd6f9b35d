"""House style: what a colour means everywhere, how a line is drawn, which units there are."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import dashboard as models

GOOD, WARNING, BAD, NEUTRAL = "green", "orange", "red", "blue"

REQUESTS_PER_SECOND = "reqps"
PER_SECOND = "cps"
PER_MINUTE = "cpm"
SECONDS = "s"
RATIO = "percentunit"
COUNT = "short"
UP_OR_DOWN = "bool_on_off"
LINES = "short"


def thresholds(*steps: tuple[float, str], base: str = GOOD) -> builders.ThresholdsConfig:
    """Colours from `base` upwards: each step is the value from which its colour holds."""
    wanted = [models.Threshold(value=None, color=base), *(models.Threshold(value=v, color=c) for v, c in steps)]
    return builders.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(wanted)
