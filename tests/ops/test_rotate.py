"""`make rotate` without its programs: in which order they are told, what a failure leaves, and what is refused."""

import json
import stat
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from ops import rotate, secrets
from ops.console import OpsError
from ops.rotate_acts import Act, Change
from ops.rotations import ROTATIONS, Rotation
from ops.settings import Settings
from ops.stack import Stack
from tests.support.stack import run

NAME = "redis_password"
PROJECT = "erp-observability-rotate-test"


@pytest.fixture
def idle(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Stack:
    """A stack of which nothing runs, with secrets of its own."""
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path / "secrets"))
    secrets.ensure(settings, tmp_path / "secrets")
    return Stack(Settings({**settings.values, "PROJECT": PROJECT}, settings.given), "official")


@dataclass
class Told:
    """What each program was told, and what its file and the kept old value were at that moment."""

    stack: Stack
    failing: set[str] = field(default_factory=set)
    seen: list[tuple[str, str, str, bool]] = field(default_factory=list)

    def by(self, name: str) -> Act:
        def act(change: Change) -> None:
            folder = self.stack.settings.secrets
            now = secrets.read(NAME, folder)
            is_kept = (folder / f".{NAME}.before").is_file()
            self.seen.append((name, change.new, "new" if now == change.new else "old", is_kept))
            if name in self.failing:
                self.failing.discard(name)
                raise OpsError(f"{name} refuses it.")

        return act

    @property
    def rotation(self) -> Rotation:
        first, then, check, last = ((self.by(step),) for step in ("first", "then", "check", "last"))
        return Rotation("all of them", "nothing", first, then, check, last)


def files(stack: Stack) -> dict[str, str]:
    return {path.name: path.read_text() for path in stack.settings.secrets.iterdir() if path.is_file()}


def test_the_old_value_is_kept_until_the_readers_work(idle: Stack, capfd: pytest.CaptureFixture[str]) -> None:
    told, before = Told(idle), files(idle)
    rotate.replace(idle, NAME, told.rotation)
    after = files(idle)
    new = after[NAME].strip()
    assert told.seen == [
        ("first", new, "old", True),
        ("then", new, "new", True),
        ("check", new, "new", True),
        ("last", new, "new", True),
    ]
    assert {name for name in after if after.get(name) != before.get(name)} == {
        NAME,
        "redis_conf",
        "redis_exporter_passwords",
    }
    assert json.loads(after["redis_exporter_passwords"]) == {"redis://erp-redis:6379": new}
    assert set(after) == set(before)
    said = capfd.readouterr()
    assert not [value for value in (new, before[NAME].strip()) if value in said.out + said.err]


@pytest.mark.parametrize("step", ["first", "then", "check"])
def test_a_failure_leaves_the_old_value(idle: Stack, step: str) -> None:
    told, before = Told(idle, {step}), files(idle)
    with pytest.raises(OpsError, match=f"{step} refuses it.\nNothing has changed: the old {NAME} still holds."):
        rotate.replace(idle, NAME, told.rotation)
    assert files(idle) == before
    last = [each for each in told.seen if each[0] == "last"]
    assert [value for _, value, _, _ in last] == [before[NAME].strip()]  # the new one is forgotten where it was told


def test_what_cannot_go_back_is_mended_by_the_next_run(idle: Stack) -> None:
    old = secrets.read(NAME, idle.settings.secrets)
    told = Told(idle)
    once = replace(told.rotation, check=(told.by("check"), told.by("first")))
    told.failing = {"check"}
    stuck = replace(once, last=(_raise,))
    with pytest.raises(OpsError, match=f"{NAME} is half replaced: .*stuck.*\n.*run the same command again"):
        rotate.replace(idle, NAME, stuck)
    assert files(idle)[f".{NAME}.before"].strip() == old
    rotate.finish_interrupted(idle, NAME, told.rotation)
    assert secrets.read(NAME, idle.settings.secrets) == old
    assert told.seen[-1][:2] == ("last", old)
    assert f".{NAME}.before" not in files(idle)


def _raise(_: Change) -> None:
    raise OpsError("It is stuck.")


def test_a_mounted_file_sees_the_new_value_and_make_up_restarts_nobody(idle: Stack) -> None:
    path = idle.settings.secrets / NAME
    before = path.stat()
    with path.open() as mounted:
        secrets.overwrite(NAME, "short", idle.settings.secrets)
        assert mounted.read() == "short\n"
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns, stat.S_IMODE(after.st_mode)) == (before.st_ino, before.st_mtime_ns, 0o444)


@pytest.mark.parametrize("name", [name for name, each in ROTATIONS.items() if not each.is_given])
def test_where_nothing_runs_the_file_is_replaced(idle: Stack, name: str, capfd: pytest.CaptureFixture[str]) -> None:
    before = secrets.read(name, idle.settings.secrets)
    rotate.replace(idle, name, ROTATIONS[name])
    assert secrets.read(name, idle.settings.secrets) != before
    assert f"{name} is replaced in its file. Nothing of the stack runs" in capfd.readouterr().out
    secrets.ensure(idle.settings, idle.settings.secrets)  # it is one that `make up` takes


def test_the_key_before_goes_on(idle: Stack) -> None:
    old = secrets.read("django_secret_key", idle.settings.secrets)
    rotate.replace(idle, "django_secret_key", ROTATIONS["django_secret_key"])
    assert secrets.read("django_secret_key_before", idle.settings.secrets) == old


def test_a_store_that_keeps_its_password_has_to_run(idle: Stack) -> None:
    run("docker", "volume", "create", "--label", f"com.docker.compose.project={PROJECT}", PROJECT)
    try:
        with pytest.raises(OpsError, match="erp-db doesn't run, and keeps erp_db_password itself"):
            rotate.check_start(idle, "erp_db_password", ROTATIONS["erp_db_password"])
    finally:
        run("docker", "volume", "rm", PROJECT)


@pytest.mark.parametrize(
    ("name", "file", "sentence"),
    [
        ("slack_webhook_url", "", "comes from elsewhere: found no FROM="),
        ("slack_webhook_url", "two", "several lines, expected one"),
        ("redis_password", "short", "5 characters of another form, expected .{16,}"),
        ("slack_webhook_url", "absent", "can't be read"),
    ],
)
def test_what_cannot_be_taken_over_is_refused(tmp_path: Path, name: str, file: str, sentence: str) -> None:
    (tmp_path / "two").write_text("one\ntwo\n")
    (tmp_path / "short").write_text("short\n")
    with pytest.raises(OpsError) as refused:
        rotate.given_value(name, str(tmp_path / file) if file else "")
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nonsense", "'nonsense' is no secret of this stack; expected one of postgres_password, "),
        ("gateway_users", "is not replaced by this command. `make gateway-user"),
    ],
)
def test_what_is_no_secret_of_this_command_is_told(name: str, sentence: str) -> None:
    with pytest.raises(OpsError) as refused:
        rotate.rotate(name)
    assert sentence in str(refused.value)


def test_without_a_name_all_are_listed(capfd: pytest.CaptureFixture[str]) -> None:
    rotate.rotate()
    first = [line.split(" ")[0] for line in capfd.readouterr().out.splitlines()]
    assert set(secrets.TABLE | secrets.GATEWAY | secrets.BEFORE) <= set(first)
