"""`make bench BENCH=boards`: how soon after `make up` every panel has data, and how long a panel waits for a day of it.

Each query is asked for an hour and for a day in turn, of the same recorded day. Deletes the sandbox's data: a first
start is measured too.
"""

import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from ops.console import say, step
from tests.bench import day
from tests.bench.stack import record, timed
from tests.support.boards import PanelQuery, filled_queries
from tests.support.panels import QUIET, Direct, metrics_of, numbers, without_constants
from tests.support.prometheus import Prometheus
from tests.support.wait import NotSeenError, eventually

SPANS = {"an hour": (3600, 15), "a day": (day.DAY, 120)}
"""Seconds of the range, and of the step that Grafana takes for it on a panel of half a screen."""
ROUNDS = 3
FILL_SECONDS = 180
SHOWN = 10


@dataclass(frozen=True)
class Figure:
    query: str
    kind: str
    seconds: dict[str, float]


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
    say("Making a day of the last ten minutes, and asking every panel")
    with day.repeated(metrics, folder) as made:
        queries = [filled_queries(*size) for size in SPANS.values()]
        found = [_figure(made, dict(zip(SPANS, each, strict=True))) for each in zip(*queries, strict=True)]
    return {
        "day": {"samples": made.samples, "lines": made.lines},
        "queries": len(found),
        "median_seconds": {span: round(median(each.seconds[span] for each in found), 3) for span in SPANS},
        "slowest": [asdict(each) for each in sorted(found, key=lambda each: -each.seconds["a day"])[:SHOWN]],
    }


def _figure(made: day.Day, by_span: dict[str, PanelQuery]) -> Figure:
    taken: dict[str, list[float]] = {span: [] for span in by_span}
    for _ in range(ROUNDS):
        for span, query in by_span.items():
            source = made.prometheus if query.kind == "prometheus" else made.loki
            length, interval = SPANS[span]
            begun = time.monotonic()
            source.query_range(query.expression, time.time() - length, time.time(), interval)
            taken[span].append(time.monotonic() - begun)
    (query, *_) = by_span.values()
    return Figure(query.name, query.kind, {span: round(median(each), 3) for span, each in taken.items()})


if __name__ == "__main__":
    raise SystemExit(main())
