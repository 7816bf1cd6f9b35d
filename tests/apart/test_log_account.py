"""The way of log lines by itself: none is lost or doubled that needn't be, and what is lost is named with its number.

Docker's files, Promtail, Loki and the keeper are the stack's, in a project of their own; every line has a number.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml

from tests.support import lines, stack
from tests.support.lines import Counted, Lines
from tests.support.wait import eventually, lasts, stays

pytestmark = pytest.mark.timeout(600)
FOUND_WITHIN = 15  # seconds after which Promtail has found a new container
TOLD_WITHIN = 300
LIMITS = yaml.safe_load((stack.ROOT / "loki" / "loki.yml").read_text(encoding="utf-8"))["limits_config"]
CUT = LIMITS["max_line_size_truncate_identifier"]
MOST_BYTES = 256 * 1024 + len(CUT) + 1
VAST = """
import json, sys
line = json.dumps({"level": "INFO", "logger": "writer", "run": sys.argv[1], "n": 0, "message": "x" * int(sys.argv[2])})
print(line, file=open("/proc/1/fd/1", "w"))
"""
BURSTS = 3  # a quick machine skips nothing of the first


@pytest.fixture(scope="module")
def way() -> Iterator[Lines]:
    with lines.running() as found:
        yield found


def begin(service: str, size: str = "100m", files: int = 2) -> Iterator[str]:
    """A writer that Promtail reads already."""
    with lines.writer(service, size, files) as container:
        lasts(FOUND_WITHIN, f"{service} is found")
        yield container


@pytest.fixture
def steady() -> Iterator[str]:
    yield from begin("steady")


@pytest.fixture
def hasty() -> Iterator[str]:
    """Its files rotate far too soon."""
    yield from begin("hasty", "1m", 400)


def accounted(way: Lines, service: str) -> tuple[float, float, float]:
    """Lines written, missing and there twice, as the keeper says."""
    return (
        way.metric("log_lines_written_total", service=service),
        way.metric("log_lines_missing", service=service),
        way.metric("log_lines_surplus", service=service),
    )


def test_lines_that_the_engine_skips_are_named_with_their_number(way: Lines, hasty: str) -> None:
    since = time.time()
    written = stored = 0
    for burst in range(BURSTS):
        sent = lines.write(hasty, f"burst{burst}", 20000 * (burst + 1), 4)
        written, stored = written + sent, stored + way.counted(f"burst{burst}", since, sent).found
        if stored < written:
            break
    assert stored < written, f"the engine skipped none of {written} lines: there is no loss to be seen"
    later = lines.write(hasty, "later", 2, 100)
    told = eventually(
        lambda: accounted(way, "hasty"), "the loss", TOLD_WITHIN, until=lambda seen: seen[0] >= written + later
    )
    assert told[:2] == (written + later, written - stored)
    status, (all_of_them, missing, _, _) = way.audit("10m", "hasty")
    assert (status, all_of_them, missing) == (1, str(written + later), str(written - stored))


def test_of_a_killed_promtail_nothing_is_lost_and_a_seconds_lines_are_doubled_at_most(way: Lines, steady: str) -> None:
    since = time.time()
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(lines.write, steady, "killed", 500, 60)
        for _ in range(2):
            stays(writing.done, "lines are written", 15, until=lambda done: not done)
            way.kill("promtail")
            way.start("promtail")
        written = writing.result()
    found = way.counted("killed", since, written)
    assert found.found == written
    assert found.twice <= 2 * 500
    status, (_, missing, doubled, _) = way.audit("5m", "steady")
    assert (status, missing, doubled) == (int(found.twice > 0), "0", str(found.twice))


def test_of_a_container_that_ends_no_line_is_lost_or_doubled(way: Lines) -> None:
    since = time.time()
    for container in begin("ending"):
        written = lines.write(container, "ended", 3000, 10)
        stack.run("docker", "stop", "--time", "1", container)
        lasts(FOUND_WITHIN, "it is read a second time")
        assert way.counted("ended", since, written) == Counted(written, 0)


def test_an_outage_of_loki_loses_nothing_and_is_not_taken_for_a_loss(way: Lines, steady: str) -> None:
    since = time.time()
    way.kill("loki", "STOP")
    try:
        first = lines.write(steady, "frozen", 200, 60)
    finally:
        way.kill("loki", "CONT")
    way.kill("loki")
    second = lines.write(steady, "frozen-not", 200, 30)
    way.start("loki")
    assert way.counted("frozen", since, first).found == first
    assert way.counted("frozen-not", since, second).found == second
    eventually(lambda: way.metric("log_account_behind_seconds"), "the account", 300, until=lambda age: age == 0)
    assert accounted(way, "steady")[1] == 0


def test_a_line_of_megabytes_is_cut_says_so_and_leaves_the_next_one_whole(way: Lines, steady: str) -> None:
    since = time.time()
    for name, size in (("one", 10**6), ("ten", 10**7)):
        stack.run("docker", "exec", steady, "python3", "-c", VAST, name, str(size))
    written = lines.write(steady, "after", 10, 1)
    assert way.counted("after", since, written) == Counted(written, 0)
    for name in ("one", "ten"):
        (line,) = way.texts(name, since)
        assert len(line) < MOST_BYTES
        assert line.endswith(CUT)
