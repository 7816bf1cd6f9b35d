"""The metrics folder: shared by several groups, damaged, another's or missing, and never a reason not to start."""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from harness import scripts
from harness.counts import counted, send
from harness.processes import Process
from harness.processes import web as start_web
from harness.samples import total
from prometheus_client.mmap_dict import mmap_key

from django_instrumentation import group_folder
from django_instrumentation.metrics_file import MetricsFile, damage

DROPPED = "metrics_dropped_total"


@pytest.fixture(autouse=True)
def _of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder that stands in for one that can't be used lies below TMPDIR."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))


def warnings(process: Process) -> list[str]:
    return [line["message"] for line in process.lines if " metrics" in line["message"] and line["level"] == "WARNING"]


def test_a_folder_that_cannot_be_used_is_replaced_and_said(django_db_setup: None, tmp_path: Path) -> None:
    given = "/proc/metrics"
    with start_web(tmp_path, workers=3, PROMETHEUS_MULTIPROC_DIR=given) as process:
        send(process, 30)
        assert [counted(process) for _ in range(6)] == [30] * 6
        (said,) = warnings(process)
        assert said.startswith(f"The metrics folder {given} can't be used (")
        assert total(process.metrics(), DROPPED) == 0


def test_without_any_folder_requests_are_answered_and_it_is_counted(django_db_setup: None, tmp_path: Path) -> None:
    (tmp_path / "tmp" / f"django-instrumentation-{os.geteuid()}").touch()
    with start_web(tmp_path, workers=2, PROMETHEUS_MULTIPROC_DIR="/dev/null") as process:
        send(process, 10)
        assert total(process.metrics(), DROPPED, reason="folder") >= 1
        assert any("each process counts for itself" in each for each in warnings(process))
        assert process.errors.read_text() == ""


def test_a_working_folder_that_was_deleted_keeps_no_server_from_booting(tmp_path: Path) -> None:
    code = f"""
import os
os.mkdir({str(tmp_path / "release")!r})
os.chdir({str(tmp_path / "release")!r})
os.rmdir(os.getcwd())
from django_instrumentation import group_folder
print(group_folder.of_server("shop")[:9])
"""
    assert scripts.output("-c", code) == "web-shop-\n"


def test_check_says_that_the_folder_cannot_be_used(tmp_path: Path) -> None:
    command = ("manage.py", "check", "--tag", "django_instrumentation")
    said = scripts.run(*command, cwd=settings.BASE_DIR, PROMETHEUS_MULTIPROC_DIR="/dev/null").stderr
    assert "(django_instrumentation.E030) The metrics folder /dev/null can't be used (Not a directory)" in said
    scripts.output(*command, cwd=settings.BASE_DIR, PROMETHEUS_MULTIPROC_DIR=str(tmp_path / "to" / "be" / "made"))
    assert not (tmp_path / "to").exists()


def test_a_folder_that_goes_away_is_counted(django_db_setup: None, tmp_path: Path) -> None:
    with start_web(tmp_path, workers=1) as process:
        (group,) = process.metrics_files.iterdir()
        group.rename(tmp_path / "away")
        send(process, 5)
        lost = total(process.metrics(), DROPPED, reason="folder")
        assert lost >= 1
        assert total(process.metrics(), DROPPED, reason="folder") == lost
        (said,) = warnings(process)
        assert "takes no new series" in said


def test_a_slot_that_is_anothers_is_passed_over(django_db_setup: None, tmp_path: Path) -> None:
    first = group_folder.join(tmp_path, "web")[0]
    with start_web(tmp_path, workers=1) as process:
        (group,) = process.metrics_files.iterdir()
    assert group.name.rpartition("-")[2] == first.name.rpartition("-")[2]
    (group / "0.lock").unlink()
    (group / "0.lock").mkdir()
    (group / "1.lock").unlink(missing_ok=True)
    (group / "1.lock").symlink_to(tmp_path / "elsewhere")
    port = int(group.name.split("-")[-3])
    with start_web(tmp_path, workers=1, port=port) as process:
        send(process, 5)
        assert counted(process) == 5
        assert {file.name.rpartition("_")[2] for file in group.glob("*.db")} == {"2.db"}
    assert not (tmp_path / "elsewhere").exists()


def test_the_same_address_in_another_network_is_another_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two containers with one volume, each of which serves 0.0.0.0:8000."""
    found = []
    for name in ("first", "second"):
        (tmp_path / name).touch()
        monkeypatch.setattr(group_folder, "NETWORK", tmp_path / name)
        found.append(group_folder.join(tmp_path / "metrics", "web-0.0.0.0:8000")[0])
    assert found[0] != found[1]
    assert all(each.is_dir() for each in found)


def test_groups_with_long_names_are_no_common_one(tmp_path: Path) -> None:
    """Such as two lists of sockets in one deep folder."""
    sockets = f"web-/srv/{'shop/' * 30}"
    assert group_folder.join(tmp_path, f"{sockets}a.sock")[0] != group_folder.join(tmp_path, f"{sockets}b.sock")[0]


CHANGES_ITS_FOLDER = """
import os
from django_instrumentation import multiprocess
multiprocess.install()
multiprocess.enter("shop")
os.chdir("/")
from prometheus_client import Counter
Counter("orders", "Orders.").inc()
print([file.name for file in multiprocess.folder().glob("*.db")], multiprocess.unsaved_losses())
"""


def test_a_relative_folder_stays_where_it_was_when_the_process_goes_elsewhere(tmp_path: Path) -> None:
    said = scripts.output("-c", CHANGES_ITS_FOLDER, cwd=tmp_path, PROMETHEUS_MULTIPROC_DIR="metrics")
    assert said == "['counter_0.db'] {}\n"


JOIN = """
import sys
from pathlib import Path
from django_instrumentation import group_folder
folder, lock = group_folder.join(Path(sys.argv[1]), sys.argv[2])
for name in ("counter_0.db", "x.new", "y.damaged", "0.lock"):
    (folder / name).touch()
print(folder, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def joined(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process, alone in its group, until its stdin is closed."""
    command = [sys.executable, "-c", JOIN, str(tmp_path / "metrics"), "other"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def test_dead_groups_are_removed_and_living_ones_are_not(tmp_path: Path, joined: subprocess.Popen[str]) -> None:
    assert joined.stdout is not None
    other = Path(joined.stdout.readline().strip())
    group_folder.join(tmp_path / "metrics", "mine")
    assert len(list(other.iterdir())) == 5
    joined.communicate()
    group_folder.join(tmp_path / "metrics", "third")
    assert not other.exists()
    assert len(list((tmp_path / "metrics").iterdir())) == 2


def test_what_is_no_group_of_ours_is_left_alone(tmp_path: Path) -> None:
    kept = [tmp_path / "metrics" / "data" / name for name in ("counter_0.db", "notes.txt")]
    kept[0].parent.mkdir(parents=True)
    for file in kept:
        file.touch()
    target = tmp_path / "target"
    target.mkdir()
    for name in ("group.lock", "counter_0.db"):
        (target / name).touch()
    (tmp_path / "metrics" / "link").symlink_to(target)
    group_folder.join(tmp_path / "metrics", "mine")
    assert all(file.exists() for file in (*kept, target / "counter_0.db"))


def test_a_group_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    folder, lock = group_folder.join(tmp_path / "metrics", "mine")
    os.close(lock)
    folder.rename(tmp_path / "target")
    (tmp_path / "target" / "counter_0.db").touch()
    folder.symlink_to(tmp_path / "target")
    with pytest.raises(NotADirectoryError, match="is a link"):
        group_folder.join(tmp_path / "metrics", "mine")
    assert (tmp_path / "target" / "counter_0.db").exists()


ANOTHERS = """
import os
from pathlib import Path
from django_instrumentation import group_folder
if os.geteuid() == 0:
    os.setuid(65534)
try:
    group_folder._refuse_anothers(Path("/usr"))
except OSError as error:
    print(error.strerror)
"""


def test_another_users_folder_is_refused() -> None:
    command = [sys.executable, "-c", ANOTHERS]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout
    assert said.startswith("/usr belongs to the user 0, not ")


def test_a_lock_that_somebody_keeps_is_waited_for_only_so_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_folder, "LOCK_SECONDS", 0.3)
    folder, lock = group_folder.join(tmp_path / "metrics", "mine")
    os.close(lock)
    with (folder / "group.lock").open() as kept:
        fcntl.flock(kept, fcntl.LOCK_EX)
        with pytest.raises(TimeoutError, match="is locked by another process"):
            group_folder.join(tmp_path / "metrics", "mine")


RACE = """
import os, sys
from pathlib import Path
from django_instrumentation import group_folder
for number in range(100):
    folder, lock = group_folder.join(Path(sys.argv[1]), f"{sys.argv[2]}-{number % 2}")
    file = folder / f"{sys.argv[2]}.lock"
    file.touch()
    assert os.fstat(lock).st_ino == (folder / "group.lock").stat().st_ino
    assert file.exists()
    os.close(lock)
"""


def test_processes_that_begin_and_end_at_the_same_time_get_in_each_others_way_nowhere(tmp_path: Path) -> None:
    command = [sys.executable, "-c", RACE, str(tmp_path / "metrics")]
    running = [subprocess.Popen([*command, name], stderr=subprocess.PIPE, text=True) for name in "aabb"]
    assert [process.communicate(timeout=60)[1] for process in running] == [""] * 4


RENDER = """
import time
from django_instrumentation import multiprocess
multiprocess.install()
multiprocess.enter("web")
import os
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from django_instrumentation.group_collector import GroupCollector
took = Histogram("took", "How long.", ["view", "method"], buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10))
answers = Counter("answers", "How many.", ["status", "view", "method"])
for process in range(3):
    done, told = os.pipe()
    if os.fork() == 0:
        for view in range(380):
            took.labels(f"app:a-view-of-usual-length-{view}", "GET").observe(1)
            for status in ("200", "404", "500"):
                answers.labels(status, f"app:a-view-of-usual-length-{view}", "GET").inc()
        os.write(told, b"x")
        os._exit(0)
    os.read(done, 1)
    os.wait()
registry = CollectorRegistry()
registry.register(GroupCollector())
for _ in range(2):
    began = time.process_time()
    page = generate_latest(registry).decode()
    print(sum(not line.startswith("#") for line in page.splitlines()), time.process_time() - began)
"""


def test_five_thousand_samples_of_three_processes_take_no_longer_than_three_tenths_of_a_second(tmp_path: Path) -> None:
    for line in scripts.output("-c", RENDER, PROMETHEUS_MULTIPROC_DIR=str(tmp_path / "metrics")).splitlines():
        samples, seconds = line.split()
        assert 4_800 < int(samples) < 5_200
        assert float(seconds) < 0.3


def test_a_large_file_is_checked_in_no_time(tmp_path: Path) -> None:
    file = MetricsFile(tmp_path / "counter_0.db")
    for number in range(20_000):
        file.write_value(mmap_key("answers", "answers_total", ["view"], [f"view-{number}"], "How many."), 1.0, 0.0)
    file.close()
    began = time.process_time()
    assert damage(file.path) is None
    assert time.process_time() - began < 1
