"""`make profile SERVICE=erp-web FOR=30s`: flame graphs of a service's Python processes, and what costs most.

py-spy reads their stacks from outside, so nothing restarts. docs/decisions/0013 says which right it has for that.
"""

import re
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from html import unescape
from itertools import pairwise
from pathlib import Path

from ops import applications, image_source
from ops.console import OpsError, capture, say, step, table
from ops.paths import LOCAL
from ops.stack import Stack

FOLDER = LOCAL / "profiles"
SECONDS = re.compile(r"([1-9]\d{0,2})s")
RATE = 50
"""Samples a second."""
KINDS = {"cpu": (), "wall": ("--idle",)}
"""By kind of time: processor time leaves out threads that wait."""
MOST = 10
FRAME = re.compile(
    r'<title>([^<]+) \([\d,]+ samples?, [\d.]+%\)</title><rect [^>]*y="(\d+)"[^>]* fg:x="(\d+)" fg:w="(\d+)"'
)
"""Its name, y, first sample and number of samples."""


def profile(stack: Stack, service: str = "", length: str = "", application: str = "") -> None:
    """Write two flame graphs, and print the functions that cost most by themselves."""
    seconds = SECONDS.fullmatch(length or "30s")
    if not service or not seconds:
        raise OpsError(
            f"SERVICE={service!r} FOR={length!r}: expected a service and up to 999 seconds, such as "
            "`make profile SERVICE=erp-web FOR=30s`; APPLICATION=shop for one that isn't the sample's."
        )
    name = _container(stack, service, application or "erp")
    reference = image_source.have(stack, "profiler")
    begun = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with step(f"Sampling {name} for {seconds[1]} s"), ThreadPoolExecutor(len(KINDS)) as pool:
        drawn = dict(zip(KINDS, pool.map(lambda kind: _record(reference, name, kind, seconds[1]), KINDS), strict=True))
    for kind, svg in drawn.items():
        file = FOLDER / f"{begun}-{service}-{kind}.svg"
        file.write_text(svg, encoding="utf-8")
        samples, costs = most_costly(svg)
        say(f"\nBy {kind} time, of {samples} samples; the flame graph is {file}")
        say(
            table(
                [[f"{count / samples:.0%}", name] for name, count in costs] or [["", "nothing ran"]],
                ["of it", "function"],
            )
        )


def _container(stack: Stack, service: str, application: str) -> str:
    """The name of the service's first container."""
    of_it = [
        each
        for each in applications.containers()
        if each.stack == stack.project and each.identity[0] == application and each.is_running
    ]
    if found := sorted(each.name for each in of_it if service in (each.service, each.name)):
        return found[0]
    known = sorted({each.service for each in of_it})
    raise OpsError(
        f"No container of {application} runs as {service}; found {', '.join(known) or 'none of that application'}. "
        "Name one of them by SERVICE=, and the application by APPLICATION=."
    )


def _record(reference: str, container: str, kind: str, seconds: str) -> str:
    """The flame graph as SVG, by function; the container's first process and all that it started."""
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        Path(folder).chmod(0o777)  # to the container's root, which may not override permissions, we are others
        command = ["docker", "run", "--rm", f"--pid=container:{container}", "--user=0:0", "--network=none"]
        command += [
            "--read-only",
            "--cap-drop=ALL",
            "--cap-add=SYS_PTRACE",
            "--security-opt=no-new-privileges",
            "--memory=256m",
        ]
        command += [f"--volume={folder}:/out", reference, "record", "--pid=1", "--subprocesses", "--nonblocking"]
        command += [f"--rate={RATE}", f"--duration={seconds}", "--function", "--output=/out/graph.svg", *KINDS[kind]]
        done = capture(command, timeout=int(seconds) + 60)
        graph = Path(folder, "graph.svg")
        if done.returncode != 0 or not graph.exists():
            raise OpsError(
                f"py-spy gave no flame graph: {(done.stderr or done.stdout).strip()[-600:]}. It reads Python "
                "processes only; a service that isn't Python can't be profiled so."
            )
        return graph.read_text(encoding="utf-8")


def most_costly(svg: str) -> tuple[int, list[tuple[str, int]]]:
    """The samples of all, and by function those in which it ran itself, most first; from a flame graph of py-spy."""
    frames = [(unescape(name), int(y), int(x), int(width)) for name, y, x, width in FRAME.findall(svg)]
    own: Counter[str] = Counter()
    rows = sorted({y for _, y, _, _ in frames})
    below = dict(pairwise(rows))  # a called function is drawn under its caller
    for name, y, x, width in frames:
        above = sum(w for _, b, c, w in frames if b == below.get(y) and x <= c < x + width)
        own[name] += width - above
    total = max((width for *_, width in frames), default=0)
    own.pop("all", None)
    return total, [(name, count) for name, count in own.most_common(MOST) if count > 0]
