"""A kind of error that was never there tells somebody, by chat, e-mail and webhook, with a link that opens."""

import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import requests

from tests.support import gitlab, inside, stack
from tests.support.inbox import Inbox, Notification
from tests.support.mailpit import Mail, Mailpit
from tests.support.tracker import Tracker
from tests.support.wait import eventually

TELL = """
import sys
import sentry_sdk

try:
    raise type(sys.argv[1], (Exception,), {})("never seen before")
except Exception as error:
    sentry_sdk.capture_exception(error)
sentry_sdk.flush(10)
"""
ADMIN = "admin@erp.example"
# Bugsink's own sender, in an environment like that of its start but for the one host that it may call.
SEND = """
. /etc/bugsink/secrets.sh
export ALERTS_WEBHOOK_ALLOW_LIST="$2" ALERTS_WEBHOOK_OUTBOUND_MODE=allowlist_only ALERTS_WEBHOOK_DENY_NON_GLOBAL=false
exec python -c "$0" "$1" "$3"
"""
ALERT = """
import sys, django
django.setup()
from alerts.service_backends.custom import custom_backend_send_alert
custom_backend_send_alert(sys.argv[1], sys.argv[2], "", "a", "NEW", None)
"""


@dataclass(frozen=True)
class Told:
    kind: str
    chat: str
    webhook: dict[str, str]
    mail: Mail


@pytest.fixture(scope="module")
def told(tracker: Tracker) -> Iterator[Told]:
    kind, begun = f"Planted{uuid.uuid4().hex[:12]}", time.time()
    inside.run("erp-web", TELL, kind)

    def of_the_tracker() -> list[Notification]:
        return [each for each in Inbox().notifications("tracker") if kind in each.text]

    notes = eventually(of_the_tracker, "a message to chat and one to the webhook", 60, until=lambda n: len(n) == 2)
    bodies = {"blocks" if "blocks" in note.body else "webhook": note for note in notes}
    mails = eventually(lambda: [m for m in Mailpit().mails(since=begun) if kind in m.subject], "a mail", 60)
    assert len(mails) == 1
    yield Told(kind, bodies["blocks"].text, bodies["webhook"].body, mails[0])
    for issue in tracker.issues():
        if kind in str(issue):
            tracker.delete_issue(issue["id"])


def test_the_webhook_has_what_an_issue_tracker_needs(told: Told) -> None:
    wanted = {"title": f"{told.kind}: never seen before", "project_name": "erp", "alert_reason": "NEW"}
    assert {name: told.webhook[name] for name in wanted} == wanted
    assert told.webhook["url"].startswith(f"http://localhost:{stack.setting('BUGSINK_PORT')}/")


def test_chat_and_mail_link_to_the_issue(told: Told) -> None:
    address = told.webhook["url"].removesuffix("/")
    assert address in told.chat
    assert address in told.mail.text


def test_the_link_opens_for_who_logs_in(told: Told) -> None:
    page = told.webhook["url"]
    with requests.Session() as session:
        form = session.get(page, timeout=20)
        assert "/accounts/login/" in form.url
        (token,) = set(re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', form.text))
        fields = {"csrfmiddlewaretoken": token, "username": ADMIN, "password": stack.secret("bugsink_admin_password")}
        session.post(form.url, {**fields, "next": page}, headers={"Referer": form.url}, timeout=20)
        opened = session.get(page, timeout=20)
    assert opened.status_code == 200
    assert told.kind in opened.text


@pytest.mark.parametrize(("key", "status"), [("the-key-of-the-endpoint", 200), ("another", 401)])
def test_gitlab_makes_an_alert_of_the_webhook_whose_address_has_its_key(told: Told, key: str, status: int) -> None:
    with gitlab.running(stack.outside(), "the-key-of-the-endpoint") as endpoint:
        url = f"http://any:{key}@{endpoint.address}{gitlab.PATH}"
        host = endpoint.address.partition(":")[0]
        stack.execute("bugsink", "sh", "-c", SEND, ALERT, url, host, told.webhook["id"])
    if status == 200:
        (alert,) = endpoint.alerts
        assert alert["title"] == f"{told.kind}: never seen before"
        assert alert["url"] == told.webhook["url"]
    assert [refused for refused, _ in endpoint.refused] == [each for each in (status,) if each != 200]
