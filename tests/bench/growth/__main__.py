"""`make bench BENCH=growth`: how memory, processor time, disk and answers grow with services and with days.

Each step has twice as many as the one before, on a Prometheus of its own. Needs the engine and the stack's Prometheus
image, but not the running stack; takes about 25 minutes and 12 GiB. The curves are drawn beside the figures.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from ops.console import run_logged, say, step
from ops.paths import LOGS, ROOT
from tests.bench.growth import days, fits, services, sizing
from tests.bench.stack import RESULTS, record

HERE = Path(__file__).parent
SERVICES = (16, 32, 64, 128, 256, 512, 1024)
DAYS = (1, 2, 4, 8, 16, 30)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--services", type=int, nargs="+", default=SERVICES)
    parser.add_argument("--days", type=int, nargs="+", default=DAYS)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="growth-") as name:
        folder = Path(name)
        grown = []
        for number in asked.services:
            with step(f"{number} services, {number * services.SERIES} series"):
                grown.append(services.measure(number, folder / f"services-{number}"))
            say(f"    {grown[-1]}")
        with step(f"{max(asked.days)} days of {days.SERIES} series"):
            past = days.measure(asked.days, folder / "days")
        for each in past["spans"]:
            say(f"    {each}")
    record("growth", {"services": grown, "fits": fits.of(grown), "days": past})
    with step("Drawing the curves"):
        _draw()
    sizing.write()
    return 0


def _draw() -> None:
    with tempfile.TemporaryDirectory(prefix="draw-") as folder:
        run_logged([sys.executable, "-m", "venv", folder], log=LOGS / "bench.log", title="python -m venv")
        pip = [f"{folder}/bin/pip", "install", "--require-hashes", "-r", str(HERE / "requirements.txt")]
        run_logged(pip, log=LOGS / "bench.log", title="pip install")
        picture = ROOT / "docs" / "operations" / "growth.svg"
        command = [f"{folder}/bin/python", str(HERE / "draw.py"), str(RESULTS / "growth.json"), str(picture)]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    sys.exit(main())
