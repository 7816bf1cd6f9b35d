"""A stack of an earlier release is upgraded to this one, a broken one goes back by itself, and what was there stays.

Before 0.2.0 no commit has a tag; the test then begins with the last one before backups and the account of lines.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ops import image_source
from tests.support import stack
from tests.support.sample_stack import WINDOW_SECONDS, Content, SampleStack
from tests.support.second_stack import OF_THE_MACHINE
from tests.support.wait import eventually, lasts
from tests.support.written import Written, held

PROJECT = "upgraded"
FIRST = "780419a45cf5"
START_SECONDS, UPGRADE_SECONDS = 1800.0, 1800.0
TASK_SECONDS = 30
TOLD_SECONDS = 120  # after the last step: what a step has caused is told by then
BROKEN = "logkeeper/compose.yaml"
WAY = ("socket-proxy", "loki", "promtail", "logkeeper")
KEPT = ("orders", "users", "samples", "lines", "silences", "issues")
each_step = pytest.mark.parametrize("step", ["failed upgrade", "upgrade", "down and up", "reboot"])
pytestmark = pytest.mark.timeout(7200)


@dataclass(frozen=True)
class State:
    """`commit` of the checkout; `images` by service; `ill` as `make status` has it."""

    commit: str
    images: dict[str, str]
    ill: str
    content: Content


@dataclass(frozen=True)
class Story:
    old: str
    new: str
    refused: dict[str, str]
    failed: str
    before: State
    went_back: State
    upgraded: State
    back_again: State
    fired: dict[str, list[str]]
    lost: dict[str, dict[str, int]]


class Clone(SampleStack):
    """A checkout of its own, of which the working tree's changes are the newest commit."""

    def __init__(self, folder: Path) -> None:
        stack.run("git", "clone", "--quiet", "--shared", "--no-checkout", str(stack.ROOT), str(folder))
        source = image_source.remembered(stack.loaded_settings())
        super().__init__(PROJECT, folder, TRACING="off", IMAGE_SOURCE=source, BACKUP_TO=str(folder.parent / "backups"))

    def git(self, *arguments: str) -> str:
        identity = ("-c", "user.name=tests", "-c", "user.email=tests@example.org")
        return stack.run("git", *identity, *arguments, folder=self.folder).strip()

    def check_out(self, commit: str) -> None:
        self.git("checkout", "--quiet", "--force", "--detach", commit)

    def commit_broken(self, base: str) -> str:
        """A release in which one of the last services ends at once."""
        self.check_out(base)
        file = self.folder / BROKEN
        text = file.read_text(encoding="utf-8")
        assert "  logkeeper:\n" in text
        file.write_text(text.replace("  logkeeper:\n", "  logkeeper:\n    entrypoint: [python3, -c, exit(3)]\n", 1))
        self.git("commit", "--quiet", "--all", "--message", "Broken")
        return self.git("rev-parse", "HEAD")

    def state(self, end: float, last_order: int) -> State:
        form = '{{.Label "com.docker.compose.service"}} {{.Image}}'
        filters = f"label=com.docker.compose.project={PROJECT}"
        listed = stack.run("docker", "ps", "--filter", filters, "--format", form).splitlines()
        return State(
            commit=self.git("rev-parse", "HEAD"),
            images=dict(line.split(" ", 1) for line in listed),
            ill=refused(self, "status"),
            content=self.content(end, last_order),
        )

    def fired(self, begin: float, end: float) -> list[str]:
        """The alerts that fired, but for those that tell nobody, and those of the machine, on which much else runs.

        Nor the one that tells of many starts: this test replaces everything six times within the hour.
        """
        query = 'ALERTS{alertstate="firing",severity=~"critical|warning",alertname!~"Watchdog|ContainerRestartLoop"}'
        found = self.ask("PROMETHEUS_PORT", "/api/v1/query_range", query=query, start=begin, end=end, step=5)
        named = [(each["metric"]["alertname"], each["metric"]) for each in found["data"]["result"]]
        return sorted(
            {f"{name} {labels.get('service', '')}" for name, labels in named if not re.fullmatch(OF_THE_MACHINE, name)}
        )


def earlier() -> str:
    """The last release before this commit."""
    try:
        tag = stack.run("git", "describe", "--tags", "--abbrev=0", "HEAD^").strip()
    except stack.CommandError:  # there is none
        tag = FIRST
    return stack.run("git", "rev-parse", f"{tag}^{{commit}}").strip()


def newest() -> str:
    """The working tree as a commit: that of HEAD, where nothing differs."""
    return stack.run("git", "stash", "create").strip() or stack.run("git", "rev-parse", "HEAD").strip()


def refused(running: SampleStack, *arguments: str) -> str:
    """What a command says that fails; nothing where it succeeds."""
    try:
        running.make(*arguments, timeout=UPGRADE_SECONDS)
    except stack.CommandError as error:
        return str(error)
    return ""


def lost(written: Written, running: Clone, begin: float) -> dict[str, int]:
    """Lines by service that no longer are anywhere but in the files that this test holds."""
    found = written.compared(running.url("LOKI_PORT"), begin, time.time() - 5)
    return {key[2]: each.missing for key, each in found.items() if each.missing and key[2] not in WAY}


def live(running: Clone) -> None:
    running.make("up", timeout=START_SECONDS)
    running.silence()
    running.make("silence", "SERVICE=node", "FOR=3h")  # the machine's own figures are not this stack's doing
    crash = 'import sentry_sdk; sentry_sdk.capture_exception(ValueError("planted")); sentry_sdk.flush()'
    running.compose("exec", "-T", "erp-web", "python", "manage.py", "shell", "-c", crash, timeout=120)
    eventually(lambda: int(running.sql("SELECT count(*) FROM orders_order")) >= 10, "ten orders", 180)
    eventually(lambda: running.ask("BUGSINK_PORT", "/api/canonical/0/issues/", project=1)["results"], "an issue", 60)
    eventually(lambda: running.prometheus.query(f"up offset {WINDOW_SECONDS}s"), "a window of samples", 240)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    old, new = earlier(), newest()
    folder = tmp_path_factory.mktemp("upgrade") / "checkout"
    running = Clone(folder)
    fired, losses, wrong = {}, {}, {}
    try:
        running.check_out(old)
        live(running)
        with held(PROJECT) as written:
            first = time.time()
            last_order = int(running.sql("SELECT max(id) FROM orders_order"))
            lasts(TASK_SECONDS, "the last order's tasks")
            end = time.time() - 5
            before = running.state(end, last_order)

            running.check_out(new)
            (folder / ".venv").symlink_to(stack.ROOT / ".venv")
            if not (folder / ".local" / "projects" / PROJECT / "release.json").exists():
                wrong["unknown"] = refused(running, "upgrade")
            (folder / "README.md").write_text("changed\n", encoding="utf-8")
            wrong["changed"] = refused(running, "upgrade", f"FROM={old}")
            wrong["nowhere"] = refused(running, "upgrade", "FROM=v99")

            broken = running.commit_broken(new)
            running.check_out(broken)
            failed = refused(running, "upgrade", f"FROM={old}")
            written.hold()
            went_back = running.state(end, last_order)
            fired["failed upgrade"] = watched(running, first)
            losses["failed upgrade"] = lost(written, running, first)

            begin = time.time()
            running.check_out(new)
            running.make("upgrade", f"FROM={old}", timeout=UPGRADE_SECONDS)
            written.hold()
            upgraded = running.state(end, last_order)
            fired["upgrade"] = watched(running, begin)
            losses["upgrade"] = lost(written, running, begin)

            begin = time.time()
            running.make("down")
            running.make("up", timeout=START_SECONDS)
            written.hold()
            fired["down and up"] = watched(running, begin)
            losses["down and up"] = lost(written, running, begin)

            begin = time.time()
            reboot()
            fired["reboot"] = watched(running, begin)
            losses["reboot"] = lost(written, running, begin)

            running.check_out(old)
            running.make("up", timeout=START_SECONDS)
            back_again = running.state(end, last_order)
        yield Story(old, new, wrong, failed, before, went_back, upgraded, back_again, fired, losses)
    finally:
        running.check_out(new)
        running.make("clean", "CONFIRM=yes")


def watched(running: Clone, begin: float) -> list[str]:
    """What fired from then on, and for as long as it takes to be told."""
    ended = time.time()
    eventually(lambda: time.time() - ended > TOLD_SECONDS, "what is still to be told", TOLD_SECONDS + 10)
    return running.fired(begin, time.time())


def reboot() -> None:
    """As a machine does: the engine ends every container at once, and starts them anew in any order."""
    names = stack.run("docker", "ps", "--quiet", "--filter", f"label=com.docker.compose.project={PROJECT}").split()
    stack.run("docker", "stop", "--time", "10", *names, timeout=120)
    stack.run("docker", "start", *names, timeout=120)


@pytest.mark.parametrize("kind", KEPT)
@pytest.mark.parametrize("step", ["went_back", "upgraded", "back_again"])
def test_content_is_equal(story: Story, step: str, kind: str) -> None:
    before = getattr(story.before.content, kind)
    assert len(before.splitlines()) > 1, f"there was nothing to lose: {before}"
    assert getattr(getattr(story, step).content, kind) == before


def test_a_failed_step_goes_back_by_itself(story: Story) -> None:
    assert "The upgrade failed" in story.failed
    assert "logkeeper" in story.failed
    assert story.went_back.commit == story.old
    assert story.went_back.images == story.before.images
    assert story.went_back.ill == ""


def test_the_upgraded_stack_is_this_checkouts(story: Story) -> None:
    assert story.upgraded.commit == story.new
    assert story.upgraded.ill == ""
    assert story.upgraded.images != story.before.images


def test_the_way_back_leads_to_the_same_images(story: Story) -> None:
    assert story.back_again.ill == ""
    assert story.back_again.images == story.before.images


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        ("changed", "Files of this checkout differ from its commit: README.md"),
        ("nowhere", "Git has no commit 'v99' here"),
    ],
)
def test_what_has_no_way_back_is_refused(story: Story, case: str, sentence: str) -> None:
    assert sentence in story.refused[case]


@each_step
def test_no_alert_fires(story: Story, step: str) -> None:
    assert story.fired[step] == []


@each_step
def test_no_line_is_lost(story: Story, step: str) -> None:
    assert story.lost[step] == {}
