"""Every secret of a running stack is replaced under traffic: nothing is lost, nobody is paged, old ones are refused."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest
import requests

from ops.rotations import ROTATIONS
from tests.support.erp import RESPONSES
from tests.support.inbox import Inbox
from tests.support.mailpit import Mailpit
from tests.support.rotated import Buyer, Rotated
from tests.support.second_stack import OF_THE_MACHINE
from tests.support.wait import eventually, lasts

pytestmark = pytest.mark.timeout(3600)
START_SECONDS, ROTATION_SECONDS = 900.0, 300.0
SCRAPE_SECONDS, SETTLE_SECONDS = 10, 30
PLACED = f'sum({RESPONSES}{{job="erp-web",view="api-orders",method="POST",status="201"}})'
LINES = (
    '{service="erp-web"} |= "api-orders" | json | logger="access" | view="api-orders" | method="POST" | status="201"'
)
# They complain of each look that takes too long.
EXPORTERS = 'alertname="LogErrorsUnusual",service=~"telegraf|blackbox|promtail"'
GIVEN = {
    "slack_webhook_url": "http://inbox:8095/slack/rotated",
    "pagerduty_routing_key": "rotated0000000000000000000000000",
    "smtp_password": "another word",
    "heartbeat_url": "http://inbox:8095/heartbeat?rotated",
    "tracker_slack_webhook_url": "http://inbox:8095/tracker/slack?rotated",
    "tracker_webhook_url": "http://inbox:8095/tracker/json?rotated",
}
LOADS = "from django.core import signing; import sys; print(signing.loads(sys.stdin.read().strip()))"
ERROR = """
import sentry_sdk
sentry_sdk.capture_exception(RuntimeError("planted after the rotation"))
sentry_sdk.flush(10)
"""
ASK_PARTNER = """
import sys, urllib.error, urllib.request
key, body = sys.stdin.read().split("\\n")[0], b'{}'
request = urllib.request.Request("http://partner:8080/payments", body, {"Authorization": f"Bearer {key}"})
try:
    print(urllib.request.urlopen(request).status)
except urllib.error.HTTPError as error:
    print(error.code)
"""
BUGSINK_LOG_IN = """
import django, sys
django.setup()
from django.contrib.auth import authenticate
print(authenticate(username="admin@erp.example", password=sys.stdin.read().strip()))
"""


@dataclass
class Story:
    """What there was from `began` on, in Unix seconds, and what each secret was before."""

    running: Rotated
    buyer: Buyer
    before: dict[str, str]
    began: float
    said: dict[str, str] = field(default_factory=dict)
    ended: float = 0.0
    signed: str = ""


def sign(running: Rotated) -> str:
    code = "from django.core import signing; print(signing.dumps('a session'))"
    return running.inside("erp-web", "python", "manage.py", "shell", "--verbosity=0", "-c", code).strip()


def rotate(story: Story, name: str, folder: Path) -> None:
    words = ["rotate", f"SECRET={name}"]
    if name in GIVEN:
        file = folder / name
        file.write_text(f"{GIVEN[name]}\n", encoding="utf-8")
        words.append(f"FROM={file}")
    story.said[name] = story.running.make(*words, timeout=ROTATION_SECONDS)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    running, folder = Rotated(), tmp_path_factory.mktemp("given")
    try:
        running.make("up", timeout=START_SECONDS)
        eventually(lambda: not running.prometheus.query("up == 0 or probe_success == 0"), "every target up", 180)
        buyer = Buyer(running)
        before = {name: running.secret(name) for name in ROTATIONS}
        story = Story(running, buyer, before, time.time(), signed=sign(running))
        buyer.start()
        for name in ROTATIONS:
            rotate(story, name, folder)
        buyer.end()
        running.compose("stop", "traffic")
        story.ended = time.time()
        lasts(SETTLE_SECONDS, "the last scrape and the last lines")
        yield story
    finally:
        running.make("clean", "CONFIRM=yes")


def test_each_is_replaced_and_none_is_told(story: Story) -> None:
    after = {name: story.running.secret(name) for name in ROTATIONS}
    assert [name for name in ROTATIONS if after[name] == story.before[name]] == []
    assert {name: after[name] for name in GIVEN} == GIVEN
    values = {value for value in (*story.before.values(), *after.values()) if len(value) >= 16}
    assert [name for name, said in story.said.items() if any(value in said for value in values)] == []
    assert not list(story.running.settings.secrets.glob(".*.before"))


def test_every_order_is_answered_stored_and_counted_once(story: Story) -> None:
    assert story.buyer.placed >= 2 * len(ROTATIONS)  # a fast machine has replaced all before there are many more
    assert story.buyer.refused == []
    assert story.running.placed_by("buyer") == story.buyer.placed
    placed = story.running.placed_by("")
    eventually(lambda: story.running.prometheus.value(PLACED), "the last scrape", 40, until=lambda seen: seen == placed)


def test_every_line_is_in_loki_once(story: Story) -> None:
    placed = story.running.placed_by("")
    seconds = int(time.time() - story.began + START_SECONDS)
    lines = f"sum(count_over_time({LINES} [{seconds}s]))"
    eventually(lambda: story.running.loki.value(lines), "the last lines", 60, until=lambda seen: seen == placed)
    story.running.make("log-audit", f"FROM={seconds}s", "TO=1m", timeout=300)


def test_no_sample_is_missing_for_longer_than_two_scrapes(story: Story) -> None:
    prometheus = story.running.prometheus
    window = int(story.ended - story.began)
    for job in ("erp-web", "erp-worker", "erp-beat"):
        query = f'up{{job="{job}",probe=""}}[{window}s]'
        (series,) = prometheus.get("query", query=query, time=story.ended)["result"]
        there = [float(moment) for moment, value in series["values"] if value == "1"]
        gaps = [round(later - earlier, 1) for earlier, later in pairwise(there)]
        assert max(gaps) <= 2 * SCRAPE_SECONDS + 1, (job, sorted(gaps)[-5:])


def test_nobody_was_paged(story: Story) -> None:
    window = int(story.ended - story.began)
    # What the start had made fire or pending is no matter of the rotations.
    fired = (
        f'count by (alertname, service) (count_over_time(ALERTS{{alertstate="firing"}}[{window}s]))'
        f" unless on (alertname, service) ALERTS @ {story.began:.0f}"
        f" unless on (alertname, service) count_over_time(ALERTS{{{EXPORTERS}}}[{window}s])"
    )
    result = story.running.prometheus.get("query", query=fired, time=story.ended)["result"]
    names = {each["metric"]["alertname"] for each in result} - {"Watchdog"}
    assert {name for name in names if not re.fullmatch(OF_THE_MACHINE, name)} == set()


@pytest.mark.parametrize("channel", ["slack", "pagerduty", "email"])
def test_a_page_afterwards_arrives(story: Story, channel: str) -> None:
    assert f"Delivered: {channel}" in story.running.make("test-notification", f"CHANNEL={channel}", timeout=120)
    if channel == "email":
        mails = Mailpit(story.running.url("MAILPIT_PORT")).mails(since=story.ended)
        assert [mail for mail in mails if "ChannelTest" in mail.html + mail.text]
    else:
        found = Inbox(story.running.url("INBOX_PORT")).notifications(channel)
        assert [each for each in found if each.received_at > story.ended and "ChannelTest" in each.text]


def test_an_error_afterwards_arrives(story: Story) -> None:
    story.running.inside("erp-web", "python", "manage.py", "shell", "-c", ERROR)
    running = story.running
    eventually(
        lambda: running.bugsink(running.secret("bugsink_api_token")).json()["results"],
        "the planted error",
        60,
        until=lambda issues: any("planted after the rotation" in str(issue) for issue in issues),
    )


@pytest.mark.parametrize("user", ["admin", "buyer", "traffic"])
def test_users_log_in_with_the_new_password_alone(story: Story, user: str) -> None:
    name = f"erp_{user}_password"
    assert story.running.logs_in(user, story.running.secret(name))
    assert not story.running.logs_in(user, story.before[name])


@pytest.mark.parametrize(
    ("role", "name"),
    [("postgres", "postgres_password"), ("erp", "erp_db_password"), ("exporter", "exporter_db_password")],
)
def test_roles_log_in_with_the_new_password_alone(story: Story, role: str, name: str) -> None:
    script = f'PGPASSWORD="$(cat)" psql -h 127.0.0.1 -U {role} -d erp -At -c "SELECT 1"'
    said = [
        story.running.inside("erp-db", "bash", "-c", script, told=value)
        for value in (story.running.secret(name), story.before[name])
    ]
    assert said[0] == "1"
    assert f'password authentication failed for user "{role}"' in said[1]


def test_valkey_takes_the_new_password_alone(story: Story) -> None:
    script = 'REDISCLI_AUTH="$(cat)" valkey-cli ping 2>&1'
    values = (story.running.secret("redis_password"), story.before["redis_password"])
    said = [story.running.inside("erp-redis", "sh", "-c", script, told=value) for value in values]
    assert said[0] == "PONG"
    assert "WRONGPASS" in said[1]


def test_metrics_want_the_new_token(story: Story) -> None:
    statuses = [
        requests.get(
            f"{story.running.url('ERP_PORT')}/metrics", headers={"Authorization": f"Bearer {token}"}, timeout=60
        ).status_code
        for token in (story.running.secret("metrics_token"), story.before["metrics_token"])
    ]
    assert statuses == [200, 401]


def test_the_partner_wants_the_new_key(story: Story) -> None:
    keys = (story.running.secret("partner_api_key"), story.before["partner_api_key"])
    said = [story.running.inside("erp-web", "python", "-c", ASK_PARTNER, told=key) for key in keys]
    assert said == ["400", "401"]  # the body has nothing of a payment


def test_the_tracker_wants_the_new_ones(story: Story) -> None:
    statuses = [story.running.bugsink(story.running.secret("bugsink_api_token")).status_code]
    statuses.append(story.running.bugsink(story.before["bugsink_api_token"]).status_code)
    assert statuses[0] == 200
    assert statuses[1] in (401, 403)
    script = '. /etc/bugsink/secrets.sh && exec python -c "$0"'
    passwords = (story.running.secret("bugsink_admin_password"), story.before["bugsink_admin_password"])
    said = [story.running.inside("bugsink", "sh", "-c", script, BUGSINK_LOG_IN, told=each) for each in passwords]
    assert "admin@erp.example" in said[0]
    assert said[1].endswith("None")
    keys = (story.running.secret("bugsink_dsn_key"), story.before["bugsink_dsn_key"])
    taken = [
        requests.post(
            f"{story.running.url('BUGSINK_PORT')}/api/1/envelope/",
            data=b'{}\n{"type":"session"}\n{}\n',
            headers={"X-Sentry-Auth": f"Sentry sentry_version=7, sentry_key={key}"},
            timeout=60,
        ).status_code
        for key in keys
    ]
    assert taken[0] == 200
    assert taken[1] in (401, 403, 404)


def test_what_the_key_before_signed_is_valid_once_more_and_then_no_longer(story: Story, tmp_path: Path) -> None:
    read = ("python", "manage.py", "shell", "--verbosity=0", "-c", LOADS)
    assert story.running.inside("erp-web", *read, told=story.signed).endswith("a session")
    rotate(story, "django_secret_key", tmp_path)
    assert "BadSignature" in story.running.inside("erp-web", *read, told=story.signed)
