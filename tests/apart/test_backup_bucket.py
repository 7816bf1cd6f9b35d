"""A stack without the sample is backed up into a bucket, loses everything, and is restored from there."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.support import bucket, stack
from tests.support.second_stack import SecondStack, left

PROJECT = "bucket"
BACKUP_SECONDS = 600.0
pytestmark = pytest.mark.timeout(2400)
SILENCE = {
    "matchers": [{"name": "service", "value": "nobody", "isRegex": False, "isEqual": True}],
    "startsAt": "2026-01-01T00:00:00Z",
    "endsAt": "2099-01-01T00:00:00Z",
    "createdBy": "tests",
    "comment": "to be there after the loss",
}


@dataclass(frozen=True)
class Story:
    without_key: str
    objects: dict[str, bytes]
    before: list[str]
    after: list[str]
    passphrase: str
    unreachable: str


def silences(running: SecondStack) -> list[str]:
    answer = requests.get(f"{running.url('ALERTMANAGER_PORT')}/api/v2/silences", timeout=20)
    answer.raise_for_status()
    return sorted(json.dumps([each["id"], each["matchers"], each["comment"]]) for each in answer.json())


def refused(running: SecondStack, *arguments: str) -> str:
    try:
        running.make(*arguments, timeout=BACKUP_SECONDS)
    except stack.CommandError as error:
        return str(error)
    return ""


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    running = SecondStack(PROJECT=PROJECT)
    folder = tmp_path_factory.mktemp("outside")
    try:
        running.make("up", timeout=BACKUP_SECONDS)
        made = requests.post(f"{running.url('ALERTMANAGER_PORT')}/api/v2/silences", json=SILENCE, timeout=20)
        made.raise_for_status()
        with bucket.running() as place:
            without_key = refused(running, "backup", f"TO={place.address}")
            key = running.settings.secrets / "backup_s3"
            key.write_text(bucket.KEY, encoding="utf-8")
            running.make("backup", f"TO={place.address}", timeout=BACKUP_SECONDS)
            passphrase = (running.settings.secrets / "backup_passphrase").read_text(encoding="utf-8").strip()
            before, objects = silences(running), place.objects()
            outside = kept_outside(folder, key, passphrase)
            running.make("clean", "CONFIRM=yes")
            assert not left(PROJECT)
            running.make("restore", f"FROM={place.address}", *outside, timeout=2 * BACKUP_SECONDS)
        after = silences(running)
        unreachable = refused(running, "backup", f"TO={place.address}")
        yield Story(without_key, objects, before, after, passphrase, unreachable)
    finally:
        running.make("clean", "CONFIRM=yes")


def kept_outside(folder: Path, key: Path, passphrase: str) -> tuple[str, str]:
    """The two files that nobody may lose with the machine, as `make restore` takes them."""
    (folder / "passphrase").write_text(passphrase, encoding="utf-8")
    (folder / "key").write_text(key.read_text(encoding="utf-8"), encoding="utf-8")
    return f"PASSPHRASE_FILE={folder / 'passphrase'}", f"S3_FILE={folder / 'key'}"


def test_what_was_lost_is_there_again(story: Story) -> None:
    assert len(story.before) == 1
    assert story.after == story.before


def test_the_bucket_has_restics_objects_and_nothing_in_clear(story: Story) -> None:
    assert {"config", "data", "index", "keys", "snapshots"} == {name.split("/")[0] for name in story.objects}
    written = b"".join(story.objects.values())
    assert b"to be there after the loss" not in written
    assert story.passphrase.encode() not in written


def test_a_missing_key_is_a_sentence(story: Story) -> None:
    assert "needs an access key: found no file" in story.without_key


def test_a_bucket_that_does_not_answer_is_a_sentence(story: Story) -> None:
    assert "Check the address" in story.unreachable
