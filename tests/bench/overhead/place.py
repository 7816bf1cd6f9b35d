"""Where the variants run: an environment and a project of their own, a throwaway PostgreSQL, and a sink."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ops.console import run_logged, step
from ops.paths import LOGS, ROOT
from tests.bench.overhead.variants import BARE, Variant
from tests.support import postgres, sink
from tests.support.readme import PACKAGE, blocks
from tests.support.sink import Sink

HERE = Path(__file__).parent
SAMPLE = ROOT / "erp_app"
LOCKED = (SAMPLE / "requirements.txt", SAMPLE / "requirements-build.txt", HERE / "requirements.txt")
"""What the sample runs with, what the package is built with, and what only the usual set-up needs."""


@dataclass(frozen=True)
class Place:
    folder: Path
    database: dict[str, str]
    sink: Sink

    @property
    def sent(self) -> Counter[str]:
        """The bytes that reached the sink, by variant: the first part of the path says who sent them."""
        found: Counter[str] = Counter()
        for path, body in self.sink.calls:
            found[path.split("/")[1]] += len(body)
        return found

    @property
    def project(self) -> Path:
        return self.folder / "project"

    def program(self, name: str) -> str:
        return str(self.folder / "venv" / "bin" / name)

    def lines(self, variant: Variant, where: str) -> Path:
        """The file that a variant's log lines go to."""
        return self.folder / f"{where}-{variant.folder}.log"

    def variables(self, variant: Variant) -> dict[str, str]:
        """A process's whole environment: nothing of this machine's, such as a proxy, gets in."""
        return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **self.database, **variant.variables(self.sink.address)}


@contextmanager
def make(folder: Path) -> Iterator[Place]:
    """Everything that the variants need, below `folder`; the database is gone afterwards."""
    with step("Making the benchmark's virtual environment"):
        _make_environment(folder)
    _make_project(folder)
    with postgres.running(folder, "overhead-bench") as database, sink.running() as taker:
        place = Place(folder, database.variables, taker)
        with step("Filling the database"):
            _fill(place)
        yield place


def _make_environment(folder: Path) -> None:
    run_logged([sys.executable, "-m", "venv", str(folder / "venv")], log=LOGS / "bench.log", title="python -m venv")
    pip = [str(folder / "venv" / "bin" / "pip"), "install", "--no-deps"]
    locked = [f"--requirement={file}" for file in LOCKED]
    run_logged([*pip, "--require-hashes", *locked], log=LOGS / "bench.log", title="pip install")
    # The README's first step, but for the dependencies, which are locked.
    run_logged([*pip, "--no-build-isolation", str(PACKAGE)], log=LOGS / "bench.log", title="pip install of the package")


def _make_project(folder: Path) -> None:
    """project/ beside what django-admin makes, with the README's fenced blocks put in where it says so."""
    project = folder / "project"
    shutil.copytree(HERE / "project", project)
    start = [str(folder / "venv" / "bin" / "django-admin"), "startproject", "plain", str(project)]
    run_logged(start, log=LOGS / "bench.log", title="django-admin startproject")
    found = blocks()
    engine = 'DATABASES["default"]["ENGINE"] = "django_prometheus.db.backends.postgresql"\nROOT_URLCONF = "ours_urls"\n'
    ours = {
        "ours.py": f"from bare import *\n{engine}{found['settings.py']}",
        "ours_urls.py": f"from shop.urls import urlpatterns\n{found.get('urls.py', '')}",
        "ours_gunicorn.py": found.get("gunicorn.conf.py", "from django_instrumentation.gunicorn import *\n"),
    }
    for name, text in ours.items():
        (project / name).write_text(text, encoding="utf-8")


def _fill(place: Place) -> None:
    command = [place.program("python"), "fill.py"]
    subprocess.run(command, cwd=place.project, env=place.variables(BARE), check=True, timeout=120)
