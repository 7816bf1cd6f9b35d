"""`make bench BENCH=overhead`: what observability costs per request, beside bare Django and the usual set-up.

Every variant runs in a process of its own and in every round. Needs the engine and the stack's PostgreSQL image, but
not the running stack.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from ops.console import say, step
from ops.paths import ROOT
from tests.bench.overhead import pages, place, report
from tests.bench.overhead.processes import gunicorns, loops, uvicorns
from tests.bench.overhead.rounds import interleave
from tests.bench.overhead.variants import ALL, UNDER_ASGI, WHOLE
from tests.bench.stack import machine_description

RESULTS = ROOT / "tests" / "bench" / "results" / "overhead.json"
IN_LOOP = {"noop": 300, "queries": 120}
UNDER_GUNICORN = {"noop": 200, "queries": 100}
"""Requests in a block: one variant on one view in one round."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--requests", type=int, default=10_000, help="before /metrics is measured")
    parser.add_argument("--deaths", type=int, default=100, help="of workers, before /metrics is measured again")
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="overhead-") as folder, place.make(Path(folder)) as made:
        with step("Single process"), loops(made, ALL) as looping:
            single = interleave(ALL, given.rounds, lambda each, view: looping[each.name].run(view, IN_LOOP[view]))
        with step("Under gunicorn with one worker"), gunicorns(made, WHOLE, 1) as served:
            under = interleave(
                WHOLE, given.rounds, lambda each, view: served[each.name].run(view, UNDER_GUNICORN[view])
            )
        with step("Under uvicorn with one process and 4 clients"), uvicorns(made, UNDER_ASGI) as served:
            asgi = interleave(
                UNDER_ASGI, given.rounds, lambda each, view: served[each.name].run_load(view, UNDER_GUNICORN[view])
            )
        found = pages.measure(made, given.requests, given.deaths)
    split, goals = report.parts(single), report.goals(single, under, asgi, found)
    figures = {
        "machine": machine_description(),
        "rounds": given.rounds,
        "requests_per_block": {"single_process": IN_LOOP, "gunicorn": UNDER_GUNICORN},
        "goals": [{**asdict(each), "met": each.met} for each in goals],
        "single_process": report.figures_as_json(single),
        "single_process_parts_ms": split,
        "gunicorn": report.figures_as_json(under),
        "uvicorn": report.figures_as_json(asgi),
        "metrics_page": {name: {moment: asdict(page) for moment, page in each.items()} for name, each in found.items()},
        "sink_bytes": dict(sorted(made.sent.items())),
    }
    given.results.parent.mkdir(exist_ok=True)
    given.results.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    say(f"\nSingle process\n{report.figures_as_table(single)}\n\n{report.parts_as_table(split)}")
    say(f"\nUnder gunicorn\n{report.figures_as_table(under)}\n\nUnder uvicorn\n{report.figures_as_table(asgi)}")
    say(f"\n{report.pages_as_table(found)}")
    say(f"\n{report.goals_as_table(goals)}\n\nAll figures are in {given.results}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
