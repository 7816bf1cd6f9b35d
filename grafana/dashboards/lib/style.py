"""House style: what a colour means everywhere and which units there are."""

from collections.abc import Sequence

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

NAMED = "{{application}} {{service}}"  # the legend of a line of one service

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
TEXT = "string"  # a version such as 1.10 is no number
SINCE = "dateTimeFromNow"


# How far an axis reaches at least: where all is zero, zero shall not look like half of something.
LEAST_TOPS = {RATIO: 0.05, COUNT: 1, PER_MINUTE: 1, PER_SECOND: 0.1, REQUESTS: 0.1, SECONDS: 0.01}
# Limits up to these are always in sight; one further off would flatten what is usual.
NEAR = {RATIO: 0.2, COUNT: 10, PER_MINUTE: 10, TIMES: 10}


def least_top(unit: str, steps: Sequence[tuple[float, str]] = ()) -> float:
    """The least upper end of an axis."""
    near = [1.2 * value for value, _ in steps if value <= NEAR.get(unit, 0)]
    return max([LEAST_TOPS.get(unit, 1), *near])


def thresholds(*steps: tuple[float, str], base: str = GOOD) -> builders.ThresholdsConfig:
    """Colours from `base` upwards: each step is the value from which its colour holds."""
    wanted = [models.Threshold(value=None, color=base), *(models.Threshold(value=v, color=c) for v, c in steps)]
    return builders.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(wanted)
