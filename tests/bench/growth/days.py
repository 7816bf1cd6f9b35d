"""What a day of samples takes on the disk, and how long an answer over many of them takes."""

import json
import random
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.growth.program import USER, image, prepared, running
from tests.support import stack

SERIES = 100
INTERVAL = 10
DAY = 24 * 3600
POINTS = 720
"""Of a panel of half a screen: the step grows with the span."""
ROUNDS = 3
BLOCK = "24h"


def measure(spans: Sequence[int], folder: Path) -> dict[str, Any]:
    """`spans` in days; the longest is made, and each is asked of it."""
    prepared(folder)
    end = int(time.time()) // DAY * DAY
    for day in range(max(spans), 0, -1):
        _make(folder, end - day * DAY)
    metas = [json.loads(path.read_text(encoding="utf-8")) for path in (folder / "data").glob("*/meta.json")]
    samples = sum(each["stats"]["numSamples"] for each in metas)
    taken = sum(path.stat().st_size for path in (folder / "data").rglob("*") if path.is_file())
    with running(folder, "global: {}\n") as prometheus:
        answers = []
        for span in spans:
            step = max(INTERVAL, span * DAY // POINTS)
            seconds = []
            for _ in range(ROUNDS):
                begun = time.monotonic()
                prometheus.query_range(f"sum by (status) (rate(grown_total[{4 * step}s]))", end - span * DAY, end, step)
                seconds.append(time.monotonic() - begun)
            answers.append({"days": span, "step_seconds": step, "answer_seconds": round(median(seconds), 3)})
    return {
        "series": SERIES,
        "samples": samples,
        "bytes_per_sample": round(taken / samples, 3),
        "spans": answers,
    }


def _make(folder: Path, begin: int) -> None:
    """A day of counters that grow as requests come: unevenly, a third of them seldom."""
    chance = random.Random(begin)  # noqa: S311 - the same day again in each run
    text = folder / "day.om"
    with text.open("w", encoding="utf-8") as file:
        for number in range(SERIES):
            name = f'grown_total{{service="service-{number % 10}",view="view-{number}",status="{200 + number % 5}"}}'
            count, often = 0, 0.05 if number % 3 == 0 else 3.0
            for moment in range(begin, begin + DAY, INTERVAL):
                count += int(chance.expovariate(1 / often))
                file.write(f"{name} {count} {moment}\n")
        file.write("# EOF\n")
    make = ("tsdb", "create-blocks-from", "openmetrics", f"--max-block-duration={BLOCK}")
    command = ("docker", "run", "--rm", *USER, "--volume", f"{folder}:/grown", "--entrypoint", "promtool", image())
    stack.run(*command, *make, "/grown/day.om", "/grown/data", timeout=600)
    text.unlink()
