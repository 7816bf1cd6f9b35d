"""`make bench BENCH=boards`: how soon after `make up` every panel has data, and how long boards wait for days of it.

Each query is asked for an hour and for 1, 2, 4 and 8 days in turn, of the same recorded days. Deletes the sandbox's
data: a first start is measured too.
"""

import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import requests

from ops.console import say, step
from tests.bench import day
from tests.bench.stack import record, timed
from tests.support.boards import PanelQuery, filled_queries
from tests.support.loki import Loki
from tests.support.panels import QUIET, Direct, metrics_of, numbers, without_constants
from tests.support.prometheus import Prometheus
from tests.support.wait import NotSeenError, eventually

DAYS = (1, 2, 4, 8)
SPANS = {"an hour": (3600, 15)} | {f"{number} d": (number * day.DAY, number * 120) for number in DAYS}
"""Seconds of the range, and of the step that Grafana takes for it on a panel of half a screen."""
LONGEST = f"{DAYS[-1]} d"
ROUNDS = 3
SLOW_SECONDS = 5
"""What takes longer is asked once."""
FILL_SECONDS = 180
SHOWN = 10


@dataclass(frozen=True)
class Figure:
    query: str
    kind: str
    seconds: dict[str, float | None]
    """None where there was no answer within 20 seconds."""

    @property
    def board(self) -> str:
        return self.query.partition(":")[0]


def main() -> int:
    timed("clean")
    figures = {"up_seconds": timed("up"), **filled()}
    eventually(Prometheus().age, "ten minutes to repeat", 900, until=lambda age: age > day.REPEATED + 60, interval=5)
    with tempfile.TemporaryDirectory(prefix="day-") as folder:
        figures |= asked(Path(folder))
    record("boards", figures)
    return 0


def filled() -> dict[str, Any]:
    """In how many seconds from now each query has its first value; and what waits for an event of its kind."""
    begun = time.monotonic()
    with step("Waiting until every panel has data"):
        answers, first = Direct(), dict[str, float]()
        left = {query.name: without_constants(query) for query in filled_queries() if query.name not in QUIET}

        def ask() -> list[str]:
            for name in [name for name, query in left.items() if numbers(answers, query)]:
                first[name] = round(time.monotonic() - begun, 1)
                del left[name]
            return sorted(left)

        try:
            eventually(ask, "no panel without data", FILL_SECONDS, until=lambda names: not names, interval=2)
        except NotSeenError as error:
            say(str(error))
    late = sorted(first.items(), key=lambda found: -found[1])
    return {
        "filled_seconds": {"half": median(first.values()), "all but those that wait for an event": late[0][1]},
        "filled_last": dict(late[:SHOWN]),
        "wait_for_an_event": sorted(left),
    }


def asked(folder: Path) -> dict[str, Any]:
    """Every query, for each span in turn."""
    metrics = {metric for query in filled_queries() for metric in metrics_of(query)}
    say(f"Making {DAYS[-1]} days of the last ten minutes, and asking every panel")
    with day.repeated(metrics, folder, DAYS[-1]) as made:
        queries = [filled_queries(*size) for size in SPANS.values()]
        found = [_figure(made, dict(zip(SPANS, each, strict=True))) for each in zip(*queries, strict=True)]
    return {
        "days": {"number": DAYS[-1], "samples": made.samples, "lines": made.lines},
        "queries": len(found),
        "boards": {
            board: _of_board([each for each in found if each.board == board])
            for board in sorted({each.board for each in found})
        },
        "slowest": [asdict(each) for each in sorted(found, key=_slowness, reverse=True)[:SHOWN]],
    }


def _slowness(figure: Figure) -> tuple[bool, float]:
    longest = figure.seconds[LONGEST]
    return longest is None, longest or 0


def _of_board(found: list[Figure]) -> dict[str, dict[str, float | None]]:
    """By span: seconds of all its queries one after the other, of the slowest, and how many weren't answered."""
    by_span = {}
    for span in SPANS:
        answered = [each for figure in found if (each := figure.seconds[span]) is not None]
        by_span[span] = {
            "all": round(sum(answered), 3),
            "slowest": max(answered, default=None),
            "unanswered": len(found) - len(answered),
        }
    return by_span


def _figure(made: day.Days, by_span: dict[str, PanelQuery]) -> Figure:
    (query, *_) = by_span.values()
    source = made.prometheus if query.kind == "prometheus" else made.loki
    return Figure(query.name, query.kind, {span: _seconds(source, span, each) for span, each in by_span.items()})


def _seconds(source: Prometheus | Loki, span: str, query: PanelQuery) -> float | None:
    """The median of ROUNDS, or of the one that was slow."""
    length, interval = SPANS[span]
    taken: list[float] = []
    while len(taken) < ROUNDS and not (taken and taken[-1] > SLOW_SECONDS):
        begun = time.monotonic()
        try:
            source.query_range(query.expression, time.time() - length, time.time(), interval)
        except (requests.RequestException, AssertionError):
            return None
        taken.append(time.monotonic() - begun)
    return round(median(taken), 3)


if __name__ == "__main__":
    raise SystemExit(main())
