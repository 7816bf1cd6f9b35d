"""A stack is backed up while it runs, loses every volume and secret, is restored, and has what it had, by content."""

import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from tests.bench.stack import record
from tests.support import stack
from tests.support.sample_stack import WINDOW_SECONDS, Content, SampleStack
from tests.support.second_stack import SecondStack, left
from tests.support.wait import eventually, stays

PROJECT = "backup"
START_SECONDS, BACKUP_SECONDS = 900.0, 1200.0
TOLD_SECONDS = 60  # a group waits for 30 s at most
QUIET_SECONDS = 60  # after it would have been told again
TASK_SECONDS = 30
pytestmark = pytest.mark.timeout(5400)
ALERT, CONTROL = "PlantedBeforeTheLoss", "PlantedAfterTheLoss"


@dataclass(frozen=True)
class Story:
    """`wrong` is what `make restore` said to each folder or passphrase that it had to refuse."""

    folder: Path
    before: Content
    after: Content
    wrong: dict[str, str]
    touched_by_refusals: bool
    told_again: int
    control_told: int
    backup_age: float


def timed(running: SecondStack, *arguments: str, timeout: float) -> float:
    """Seconds that `make ARGUMENTS` takes."""
    begun = time.monotonic()
    running.make(*arguments, timeout=timeout)
    return round(time.monotonic() - begun, 1)


def refused(running: SecondStack, *arguments: str) -> str:
    """What `make restore` says that it refuses to do; nothing where it does it."""
    try:
        running.make("restore", *arguments, timeout=BACKUP_SECONDS)
    except stack.CommandError as error:
        return str(error)
    return ""


def damaged(folder: Path, to: Path) -> Path:
    """A copy with one byte changed in the middle of its largest file."""
    shutil.copytree(folder, to)
    largest = max((to / "data").rglob("*"), key=lambda path: path.stat().st_size if path.is_file() else 0)
    largest.chmod(0o600)
    content = bytearray(largest.read_bytes())
    content[len(content) // 2] ^= 1
    largest.write_bytes(content)
    return to


def partial(folder: Path, to: Path) -> Path:
    shutil.copytree(folder, to)
    max((to / "data").rglob("*"), key=lambda path: path.stat().st_size if path.is_file() else 0).unlink()
    return to


def foreign(to: Path) -> Path:
    to.mkdir()
    (to / "holidays.jpg").write_bytes(b"not a backup")
    return to


def live(running: SampleStack) -> None:
    """Orders, lines, an error, a silence and a notification to lose."""
    running.make("up", timeout=START_SECONDS)
    running.silence()
    running.plant(ALERT)
    running.plant_day()
    eventually(lambda: int(running.sql("SELECT count(*) FROM orders_order")) >= 10, "ten orders", 180)
    eventually(lambda: running.told(ALERT) == 1, f"one notification of {ALERT}", TOLD_SECONDS + 30)
    crash = 'import sentry_sdk; sentry_sdk.capture_exception(ValueError("planted before the loss")); sentry_sdk.flush()'
    running.compose("exec", "-T", "erp-web", "python", "manage.py", "shell", "-c", crash, timeout=120)
    eventually(lambda: running.ask("BUGSINK_PORT", "/api/canonical/0/issues/", project=1)["results"], "an issue", 60)
    eventually(running.day, "the planted day", 180, until=lambda day: {len(each) for each in day.values()} == {1440})
    eventually(lambda: running.prometheus.query(f"up offset {WINDOW_SECONDS}s"), "a window of samples", 180)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    running = SampleStack(PROJECT)
    folder = tmp_path_factory.mktemp("backups")
    to, wrong = f"TO={folder / 'good'}", {}
    try:
        live(running)
        running.compose("stop", "traffic")
        quiet = time.time()
        eventually(lambda: time.time() - quiet > TASK_SECONDS, "the last order's tasks", TASK_SECONDS + 10)
        last_order = int(running.sql("SELECT max(id) FROM orders_order"))
        end = time.time() - 5  # lines and samples need a moment to arrive
        took = {"backup": timed(running, "backup", to, timeout=BACKUP_SECONDS)}
        age = running.prometheus.query("time() - backup_last_success_timestamp_seconds")
        age = age or eventually(
            lambda: running.prometheus.query("time() - backup_last_success_timestamp_seconds"), "its metric", 60
        )
        before = running.content(end, last_order)
        passphrase = folder / "passphrase"
        shutil.copy(running.settings.secrets / "backup_passphrase", passphrase)
        (folder / "other").write_text("another passphrase altogether\n", encoding="utf-8")

        good, opened = f"FROM={folder / 'good'}", f"PASSPHRASE_FILE={passphrase}"
        wrong["running"] = refused(running, good, opened)
        running.make("clean", "CONFIRM=yes")
        wrong["no passphrase"] = refused(running, good)
        wrong["passphrase"] = refused(running, good, f"PASSPHRASE_FILE={folder / 'other'}")
        wrong["damaged"] = refused(running, f"FROM={damaged(folder / 'good', folder / 'damaged')}", opened)
        wrong["partial"] = refused(running, f"FROM={partial(folder / 'good', folder / 'partial')}", opened)
        wrong["foreign"] = refused(running, f"FROM={foreign(folder / 'foreign')}", opened)
        touched = bool(left(PROJECT)) or running.settings.secrets.exists()

        took["restore"] = timed(running, "restore", good, opened, timeout=START_SECONDS + BACKUP_SECONDS)
        after = running.content(end, last_order)
        record(
            "backup",
            {
                "seconds": took,
                "bytes_in_the_folder": sum(file.stat().st_size for file in (folder / "good").rglob("*")),
                "rows_compared": {kind: len(rows.splitlines()) for kind, rows in asdict(after).items()},
            },
        )
        running.plant(ALERT)
        running.plant(CONTROL)
        eventually(lambda: running.told(CONTROL) == 1, f"one notification of {CONTROL}", TOLD_SECONDS + 30)
        stays(
            lambda: running.told(ALERT), f"nobody is told of {ALERT} again", QUIET_SECONDS, until=lambda told: not told
        )
        yield Story(
            folder / "good",
            before,
            after,
            wrong,
            touched,
            running.told(ALERT),
            running.told(CONTROL),
            age[0].value,
        )
    finally:
        running.make("clean", "CONFIRM=yes")
        shutil.rmtree(folder)


@pytest.mark.parametrize("kind", Content.__dataclass_fields__)
def test_content_is_equal(story: Story, kind: str) -> None:
    before = getattr(story.before, kind)
    assert len(before.splitlines()) > 1, f"there was nothing to lose: {before}"
    assert getattr(story.after, kind) == before


def test_what_was_told_is_not_told_again(story: Story) -> None:
    assert (story.told_again, story.control_told) == (0, 1)


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        ("running", "add CONFIRM=yes"),
        ("no passphrase", "No passphrase: found no file"),
        ("passphrase", "doesn't open"),
        ("damaged", "damaged or not whole"),
        ("partial", "damaged or not whole"),
        ("foreign", "has no backups"),
    ],
)
def test_what_cannot_be_restored_is_refused_with_a_sentence(story: Story, case: str, sentence: str) -> None:
    assert sentence in story.wrong[case]


def test_refusals_touch_nothing(story: Story) -> None:
    assert not story.touched_by_refusals


def test_the_age_of_the_last_backup_is_known(story: Story) -> None:
    assert 0 <= story.backup_age < BACKUP_SECONDS


def test_no_secret_lies_in_clear_in_the_folder(story: Story) -> None:
    written = b"".join(path.read_bytes() for path in story.folder.rglob("*") if path.is_file())
    assert b"grafana_admin_password" not in written
    assert b"planted before the loss" not in written
