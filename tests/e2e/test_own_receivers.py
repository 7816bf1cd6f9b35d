"""A file in applications/ on the running stack: its alert arrives at its own receivers and nowhere else."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import ClassVar

import pytest

from ops import alerts
from ops.application_files import ROUTING_FILE, THRESHOLDS_FILE
from ops.commands import current
from tests.support.alertmanager import Alertmanager
from tests.support.inbox import Inbox
from tests.support.mailpit import Mailpit
from tests.support.pages import RESOLVED
from tests.support.prometheus import Prometheus
from tests.support.stack import ROOT, CommandError, loaded_settings, run, setting
from tests.support.wait import eventually

pytestmark = pytest.mark.alone

NAME = "planted"  # the application
ALERT = "PlantedForOwnReceivers"
KEY = "planted0000000000000000000000000"
ADDRESS = "oncall@planted.example"
FILE = f"""\
[thresholds.HttpErrorRatioHigh]
critical = 0.25

[routing]
slack = true
pagerduty = true
email = "{ADDRESS}"
"""
Write = Callable[[str], None]


class Hook(BaseHTTPRequestHandler):
    """The application's own Slack: `calls` has each body with the time when it came."""

    calls: ClassVar[list[tuple[float, str]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.calls.append((time.time(), body))
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        """The test's output is no place for it."""


@pytest.fixture(scope="module")
def hook() -> Iterator[str]:
    network = json.loads(run("docker", "network", "inspect", f"{setting('PROJECT')}_egress"))[0]
    server = HTTPServer((network["IPAM"]["Config"][0]["Gateway"], 0), Hook)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://{server.server_address[0]!s}:{server.server_address[1]}/own"
    server.shutdown()
    server.server_close()


def reload() -> None:
    run(sys.executable, "-m", "ops", "reload", timeout=120)


@pytest.fixture
def write(hook: str) -> Iterator[Write]:
    file = ROOT / "applications" / f"{NAME}.toml"
    folder = loaded_settings().secrets / "applications"
    secrets = {f"{NAME}_slack_webhook_url": hook, f"{NAME}_pagerduty_routing_key": KEY}
    for name, value in secrets.items():
        (folder / name).write_text(f"{value}\n", encoding="utf-8")

    def write(text: str) -> None:
        file.write_text(text, encoding="utf-8")

    yield write
    file.unlink()
    for name in secrets:
        (folder / name).unlink()
    reload()
    assert not (ROOT / ROUTING_FILE).exists()
    assert not (ROOT / THRESHOLDS_FILE).exists()


def send(*, seconds: float) -> None:
    """A critical alert of the application, which ends so many seconds from now."""
    end = (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()
    labels = (f"application={NAME}", "env=sandbox", "service=web", "severity=critical", "team=app")
    alerts.amtool(current(), "alert", "add", ALERT, *labels, "--annotation=summary=Planted", f"--end={end}")


def arrived(since: float) -> list[tuple[str, str, bool]]:
    """Channel, receiver and whether it is the end, of every notification of the alert."""
    calls = [
        (each.channel, str(each.body.get("routing_key", "")), RESOLVED in each.text)
        for channel in ("slack", "pagerduty")
        for each in Inbox().notifications(channel)
        if each.received_at > since and ALERT in each.text
    ]
    mails = [
        ("email", ",".join(mail.to), RESOLVED in mail.subject)
        for mail in Mailpit().mails(since=since)
        if ALERT in mail.text
    ]
    own = [("own hook", "", RESOLVED in body) for came, body in Hook.calls if came > since and ALERT in body]
    return sorted(calls + mails + own)


def threshold(prometheus: Prometheus) -> dict[str, float]:
    found = prometheus.query('application:alert_threshold:value{alert="HttpErrorRatioHigh",severity="critical"}')
    return {sample.labels["application"]: sample.value for sample in found}


def test_own_receivers_are_told_and_no_other_and_own_thresholds_hold(write: Write, prometheus: Prometheus) -> None:
    begun = time.time()
    write(FILE)
    reload()
    told = [("email", ADDRESS), ("own hook", ""), ("pagerduty", KEY)]
    send(seconds=300)
    eventually(lambda: arrived(begun), "the alert", 40, until=lambda seen: seen == [(*each, False) for each in told])
    send(seconds=0)
    both = sorted((*each, is_end) for each in told for is_end in (False, True))
    eventually(lambda: arrived(begun), "its end, and nothing elsewhere", 40, until=lambda seen: seen == both)
    seen = eventually(lambda: threshold(prometheus), "its threshold", 60, until=lambda found: NAME in found)
    assert seen[NAME] == 0.25
    assert {value for name, value in seen.items() if name != NAME} <= {0.05}

    write(FILE.replace("critical = 0.25", "critical = 0"))
    with pytest.raises(
        CommandError, match=rf"applications/{NAME}\.toml:2: HttpErrorRatioHigh's critical is 0; expected"
    ):
        reload()
    assert f"{NAME}-critical" in Alertmanager().configuration()
    assert threshold(prometheus)[NAME] == 0.25
