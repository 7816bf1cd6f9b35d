"""`make bench BENCH=overhead`: what observability costs per request, beside bare Django and the usual set-up.

Every variant runs in a process of its own and in every round. Needs the engine and the stack's PostgreSQL image, but
not the running stack.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import asdict
from functools import partial
from pathlib import Path

from ops.console import say, step
from tests.bench.overhead import pages, place, report
from tests.bench.overhead.processes import gunicorn, loop, started, uvicorn
from tests.bench.overhead.rounds import interleave
from tests.bench.overhead.variants import ALL, UNDER_ASGI, WHOLE
from tests.bench.stack import record

IN_LOOP = {"noop": 300, "queries": 120}
UNDER_SERVER = {"noop": 200, "queries": 100}
"""Requests in a block: one variant on one view in one round."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=12)
    rounds: int = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="overhead-") as folder, place.make(Path(folder)) as made:
        with step("Single process"), started(ALL, partial(loop, made)) as loops:
            single = interleave(ALL, rounds, lambda each, view: loops[each.name].run(view, IN_LOOP[view]))
        with step("Under gunicorn with one worker"), started(WHOLE, partial(gunicorn, made, workers=1)) as served:
            under = interleave(WHOLE, rounds, lambda each, view: served[each.name].run(view, UNDER_SERVER[view]))
        with step("Under uvicorn with one process"), started(UNDER_ASGI, partial(uvicorn, made)) as served:
            asgi = interleave(UNDER_ASGI, rounds, lambda each, view: served[each.name].run(view, UNDER_SERVER[view]))
        found = pages.measure(made)
    goals = report.goals(single, under, asgi, found)
    figures = {
        "rounds": rounds,
        "requests_per_block": {"single_process": IN_LOOP, "gunicorn": UNDER_SERVER},
        "goals": [{**asdict(each), "met": each.met} for each in goals],
        "single_process": report.figures_as_json(single),
        "single_process_parts_ms": report.parts(single),
        "gunicorn": report.figures_as_json(under),
        "uvicorn": report.figures_as_json(asgi),
        "metrics_page": {name: {moment: asdict(page) for moment, page in each.items()} for name, each in found.items()},
        "sink_bytes": dict(sorted(made.sent.items())),
    }
    say(report.goals_as_table(goals))
    record("overhead", figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
