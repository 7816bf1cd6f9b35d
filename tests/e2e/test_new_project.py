"""The tracker tells of the errors of a project of `make application` at once, without another start."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.support import inside, stack
from tests.support.inbox import Inbox, Notification
from tests.support.wait import eventually

TELL = """
import sys
import sentry_sdk

client = sentry_sdk.Client(dsn=sys.argv[1])
with sentry_sdk.new_scope() as scope:
    scope.set_client(client)
    sentry_sdk.capture_message(sys.argv[2])
client.flush(10)
"""
DELETE = "from projects.models import Project; Project.objects.get(name='{name}').delete_deferred()"


@dataclass(frozen=True)
class Planted:
    name: str
    dsn: str


@pytest.fixture
def project() -> Iterator[Planted]:
    name = f"planted-{uuid.uuid4().hex[:8]}"
    file = stack.loaded_settings().secrets / f"{name}_sentry_dsn"
    try:
        stack.run("make", "-s", "application", f"NAME={name}", timeout=180)
        yield Planted(name, file.read_text(encoding="utf-8").strip())
    finally:
        stack.execute("bugsink", "bugsink-manage", "shell", "-c", DELETE.format(name=name))
        file.unlink()


def test_the_first_error_of_a_new_project_is_told(project: Planted) -> None:
    said = f"Planted {uuid.uuid4().hex[:12]}"
    inside.run("erp-web", TELL, project.dsn, said)

    def of_the_tracker() -> list[Notification]:
        return [each for each in Inbox().notifications("tracker") if said in each.text]

    eventually(of_the_tracker, "a message to chat and one to the webhook", 60, until=lambda found: len(found) == 2)
