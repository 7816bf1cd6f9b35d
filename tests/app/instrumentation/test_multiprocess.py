"""Exact counts with several gunicorn workers, whatever happens to them, their folder and their disk."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from harness.counts import counted, send
from harness.processes import HttpProcess, Process, children_of, free_port
from harness.processes import celery as start_celery
from harness.processes import web as start_web
from harness.samples import total
from harness.wait import eventually

WORKERS = 3
DROPPED = "metrics_dropped_total"


def files(process: HttpProcess) -> set[str]:
    return {file.name for file in process.metrics_files.rglob("*.db")}


def kill_one(process: HttpProcess) -> None:
    before = process.children
    os.kill(before[0], signal.SIGKILL)
    eventually(
        lambda: len(process.children) == WORKERS and before[0] not in process.children,
        "a new worker in its place",
    )
    # It is there; now it has to have loaded the application.
    eventually(lambda: len(files(process)) >= 4 * WORKERS, "its metrics files")


def test_counts_outlive_the_workers_that_made_them(web: HttpProcess) -> None:
    send(web, 30)
    before, slots = counted(web), files(web)
    for _ in range(3):
        kill_one(web)
        assert counted(web) == before
    send(web, 30)
    assert counted(web) == before + 30
    eventually(lambda: files(web) >= slots, "each new worker to write the files of the one before it")
    assert total(web.metrics(), "build_info", version="test") == 1
    assert "pid=" not in web.metrics()
    assert {name.rpartition("_")[2] for name in files(web)} == {f"{slot}.db" for slot in range(WORKERS)}


def test_a_new_master_starts_from_nothing_and_preloading_counts_exactly(django_db_setup: None, tmp_path: Path) -> None:
    port = free_port()
    for options in ((), (), ("--preload",)):  # which is a group of its own
        with start_web(tmp_path, *options, workers=2, port=port) as process:
            assert counted(process) == 0
            send(process, 20)
            assert [counted(process) for _ in range(5)] == [20] * 5


def test_counts_outlive_the_death_of_all_workers_at_once(web: HttpProcess) -> None:
    send(web, 10)
    before, workers = counted(web), web.children
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    eventually(lambda: len(web.children) == WORKERS and not set(workers) & set(web.children), "three new workers")
    assert counted(web) == before


def test_a_binary_upgrade_loses_no_request(django_db_setup: None, tmp_path: Path) -> None:
    """USR2: the old master and the new one serve side by side, until the old one is told to go."""
    with start_web(tmp_path, workers=2) as process:
        send(process, 10)
        process.popen.send_signal(signal.SIGUSR2)
        new = eventually(
            lambda: next((pid for pid in process.children if children_of(pid)), None), "the new master's workers", 30
        )
        send(process, 20)
        assert counted(process) == 30
        process.stop()
        try:
            send(process, 10)
            assert counted(process) == 40
        finally:
            os.kill(new, signal.SIGTERM)
            eventually(lambda: not alive(new), "the end of the new master", 30)


def alive(pid: int) -> bool:
    """False of a zombie too: its command line is empty. A container without an init keeps zombies."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except FileNotFoundError:
        return False


def test_damaged_files_are_set_aside_and_said_once(django_db_setup: None, tmp_path: Path) -> None:
    with start_web(tmp_path, workers=2) as process:
        send(process, 40)
        (group,) = process.metrics_files.iterdir()
        eventually(lambda: both_have_written(process, group), "files of both slots")
        damaged = damage_files(group)
        for worker in process.children:
            os.kill(worker, signal.SIGKILL)
        process.wait_for_workers(2)
        eventually(lambda: total(process.metrics(), DROPPED, reason="damaged_file") == len(damaged), "all set aside")
        before = counted(process)
        send(process, 40)
        assert counted(process) == before + 40
        assert total(process.metrics(), DROPPED, reason="damaged_file") == len(damaged)
        said = [line for line in process.lines if "is damaged and was set aside" in line["message"]]
        assert {line["level"] for line in said} == {"WARNING"}
        for file in damaged:
            assert sum(f"{file} is damaged" in line["message"] for line in said) == 1, (file, said)
        assert process.errors.read_text() == ""


DAMAGED = ("counter_0.db", "counter_1.db", "histogram_0.db", "gauge_livemax_1.db")


def both_have_written(process: HttpProcess, group: Path) -> bool:
    """One of two workers may get all of the first requests."""
    send(process, 2)
    return all((group / name).exists() for name in DAMAGED)


def damage_files(group: Path) -> list[Path]:
    """Damage some files of two slots, each in another way."""
    stray, length, cut, garbage, folder = (group / name for name in ("counter_pid99999.db", *DAMAGED))
    stray.touch()
    with length.open("r+b") as opened:
        opened.seek(8)
        opened.write(b"\xff\xff\xff\x7f")
    # Not the files themselves, which are mapped: others in their places.
    content = {cut: cut.read_bytes()[:100], garbage: b"\x00\x10\x00\x00" + bytes(range(256)) * 100}
    for file, new in content.items():
        copy = file.with_suffix(".copy")
        copy.write_bytes(new)
        copy.replace(file)
    folder.unlink()
    folder.mkdir()
    return [stray, length, cut, garbage, folder]


def test_a_celery_worker_with_the_same_folder_leaves_the_webs_counts_alone(
    django_db_setup: None, queue: None, tmp_path: Path
) -> None:
    with start_web(tmp_path, workers=2) as process:
        send(process, 20)
        shared = {"PROMETHEUS_MULTIPROC_DIR": str(process.metrics_files)}
        with start_celery(tmp_path, "worker", "--concurrency", "1", **shared) as worker:
            assert counted(process) == 20
            assert counted(worker) == 0
            send(process, 20)
            assert counted(process) == 40
            assert "celery_tasks_total" in worker.metrics()


def test_a_management_command_leaves_no_file(db: None, tmp_path: Path) -> None:
    command = Process(["python", "manage.py", "check"], tmp_path, SERVICE="erp-command")
    assert command.popen.wait(timeout=60) == 0, command.errors.read_text()
    assert list(tmp_path.rglob("*.db")) == []


def test_a_full_disk_costs_metrics_and_no_request(django_db_setup: None, tmp_path: Path, small_disk: Path) -> None:
    with start_web(tmp_path, workers=2, PROMETHEUS_MULTIPROC_DIR=str(small_disk / "metrics")) as process:
        send(process, 20)
        workers = process.children
        with filled(small_disk):
            answers = [requests.request(method, f"{process.url}{path}", timeout=10) for method, path in NEW_SERIES * 2]
            assert {answer.status_code for answer in answers} <= {200, 400, 401, 405}
            assert process.children == workers
            assert total(process.metrics(), DROPPED, reason="no_room") > 0
            assert counted(process) == 20
            send(process, 20)
            assert counted(process) == 40
        said = [line for line in process.lines if "takes no new series (No space left on device)" in line["message"]]
        assert 1 <= len(said) <= len(workers)


NEW_SERIES = [
    (method, path)
    for method in ("HEAD", "POST", "PUT", "DELETE", "TRACE", "OPTIONS", "PATCH")
    for path in ("/api/version", "/api/login", "/api/customers", "/api/products", "/api/orders", "/api/orders/O-1")
]
"""Each makes a histogram and some counters: together more than the 64 kB that a file begins with."""


@contextmanager
def filled(disk: Path) -> Iterator[None]:
    """Until its end there is no free byte on the disk."""
    free = os.statvfs(disk)
    with (disk / "filler").open("wb") as filler:
        os.posix_fallocate(filler.fileno(), 0, free.f_bavail * free.f_bsize)
    try:
        yield
    finally:
        (disk / "filler").unlink()


def test_workers_without_a_folder_to_share_are_refused(tmp_path: Path) -> None:
    command = ["gunicorn", "-c", "gunicorn.conf.py", "-b", f"127.0.0.1:{free_port()}", "config.wsgi"]
    process = Process(command, tmp_path, SERVICE="erp-web", WEB_CONCURRENCY="3", PROMETHEUS_MULTIPROC_DIR="")
    assert process.popen.wait(timeout=30) != 0
    assert "there are 3 workers, each counting for itself; expected a folder" in process.errors.read_text()
