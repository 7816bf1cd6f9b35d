"""House style: what a colour means everywhere and which units there are."""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models import dashboard as models

GOOD, WARNING, BAD, NEUTRAL, BAND = "green", "orange", "red", "blue", "text"

# A line whose legend begins or ends like this has this colour on every board; any other is coloured by its name.
MEANINGS = {
    GOOD: r"/^(2\d\d|ok|placed|succeeded|success|commit|shipped|hit|user|available)\b|^p50$/",
    NEUTRAL: r"/^(1\d\d|3\d\d|INFO|DEBUG|sent|now|read|received)\b|^p95$/",
    WARNING: r"/^(4\d\d|4xx|WARNING|rejected|retried|revoked|refused|invalid|rollback|timeout|pending)\b|^p99$/",
    BAD: r"/^(5\d\d|5xx|ERROR|CRITICAL|failed|error|deadlock|dropped|lost)\b/",
    BAND: r"/^(expected|lower|upper|limit)\b/",
}

REQUESTS = "reqps"
PER_SECOND = "cps"
PER_MINUTE = "cpm"
SECONDS = "s"
RATIO = "percentunit"
TIMES = "none"
COUNT = "short"
BYTES = "bytes"
BYTES_PER_SECOND = "Bps"
EUROS = "currencyEUR"
UP_OR_DOWN = "bool_on_off"
LINES = "short"
CORES = "none"


def thresholds(*steps: tuple[float, str], base: str = GOOD) -> builders.ThresholdsConfig:
    """Colours from `base` upwards: each step is the value from which its colour holds."""
    wanted = [models.Threshold(value=None, color=base), *(models.Threshold(value=v, color=c) for v, c in steps)]
    return builders.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(wanted)
