"""Exact counts with several gunicorn workers, whatever happens to them."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from rig.processes import HttpProcess
from rig.processes import web as start_web
from rig.samples import total
from rig.wait import eventually

from observability import multiprocess

WORKERS = 3
RESPONSES = "django_http_responses_total_by_status_view_method_total"


@pytest.fixture(scope="module")
def web(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpProcess]:
    with start_web(tmp_path_factory.mktemp("web"), workers=WORKERS) as process:
        yield process


def send(process: HttpProcess, number: int) -> None:
    """So many requests, each on a connection of its own, so that any worker may take it."""

    def get(_: int) -> int:
        return requests.get(f"{process.url}/api/version", headers={"Connection": "close"}, timeout=10).status_code

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(get, range(number))) == {200}


def counted(process: HttpProcess) -> float:
    return total(process.metrics(), RESPONSES, view="api-version", status="200", method="GET")


def files(process: HttpProcess) -> set[str]:
    return {file.name for file in process.metrics_files.glob("*.db")}


def kill_one(process: HttpProcess) -> None:
    before = process.children
    os.kill(before[0], signal.SIGKILL)
    eventually(
        lambda: len(process.children) == WORKERS and before[0] not in process.children,
        "a new worker in its place",
    )
    # It is there; now it has to have loaded the application.
    eventually(lambda: len(files(process)) >= 4 * WORKERS, "its metrics files")


def test_requests_are_counted_exactly_over_all_workers(web: HttpProcess) -> None:
    before = counted(web)
    send(web, 60)
    assert [counted(web) for _ in range(10)] == [before + 60] * 10


def test_counts_outlive_the_workers_that_made_them(web: HttpProcess) -> None:
    send(web, 30)
    before, slots = counted(web), files(web)
    for _ in range(3):
        kill_one(web)
        assert counted(web) == before
    send(web, 30)
    assert counted(web) == before + 30
    assert files(web) == slots
    assert {name.rpartition("_")[2] for name in slots} == {f"web{slot}.db" for slot in range(WORKERS)}


def test_gauges_name_no_process(web: HttpProcess) -> None:
    kill_one(web)
    exposition = web.metrics()
    assert total(exposition, "build_info", version="test") == 1
    assert "pid=" not in exposition


def test_the_live_gauges_of_a_dead_process_go_and_its_counts_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(multiprocess.VARIABLE, str(tmp_path))
    for name in ("gauge_livesum_web0", "gauge_livesum_web1", "gauge_max_web0", "counter_web0"):
        (tmp_path / f"{name}.db").touch()
    multiprocess.release("web0")
    assert {file.stem for file in tmp_path.iterdir()} == {"gauge_livesum_web1", "gauge_max_web0", "counter_web0"}


def test_every_request_has_its_access_line(web: HttpProcess) -> None:
    def lines() -> int:
        return sum(line["logger"] == "access" for line in web.lines)

    before = lines()
    send(web, 40)
    assert eventually(lambda: lines() == before + 40, "40 access lines")
    assert {line["service"] for line in web.lines} == {"erp-web"}
    assert web.errors.read_text() == ""


def test_a_new_master_starts_from_nothing(django_db_setup: None, tmp_path: Path) -> None:
    with start_web(tmp_path, workers=1) as first:
        send(first, 5)
        assert counted(first) == 5
    stale = first.metrics_files / "counter_web7.db"
    stale.write_bytes(b"")
    with start_web(tmp_path, workers=1) as second:
        assert not stale.exists()
        assert counted(second) == 0
    assert first.stop() == 0
