"""A warning of team business around the end of business hours: what Alertmanager itself tells of it, and when.

On the configuration that ships, rendered. Its night is one minute long, and the repeat_interval as much shorter.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from promql_parser import parse_duration

from alertmanager.render import render
from ops.commands import tool
from ops.settings import defaults
from tests.support import sink, stack
from tests.support.ports import free_port
from tests.support.sink import Sink
from tests.support.wait import eventually, stays

pytestmark = pytest.mark.timeout(400)
NIGHT = 60.0
LATE = 20  # seconds that are left of the hours when the first alerts fire
ALERTS = FIRES_ON, ENDS_AT_NIGHT, BEGINS_AT_NIGHT, GONE_BY_MORNING = (
    *("FiresOn", "EndsAtNight"),
    *("BeginsAtNight", "GoneByMorning"),
)


@dataclass
class Office:
    """Alertmanager, and what chat got of it: state and alert by the second of arrival."""

    url: str
    chat: Sink
    evening: datetime
    morning: datetime
    fires: dict[str, str] = field(default_factory=dict)

    def set(self, alert: str, *, fires: bool) -> None:
        """As Prometheus does: an end is told with the beginning that it has."""
        now = datetime.now(UTC)
        begun = self.fires.setdefault(alert, now.isoformat())
        ends = now + timedelta(hours=1) if fires else now
        if not fires:
            del self.fires[alert]
        labels = {"alertname": alert, "severity": "warning", "team": "business", "application": "erp", "env": "test"}
        body = {"labels": labels, "annotations": {"summary": alert}, "startsAt": begun, "endsAt": ends.isoformat()}
        requests.post(f"{self.url}/api/v2/alerts", json=[body], timeout=10).raise_for_status()

    def told(self, alert: str) -> list[str]:
        """WARNING or RESOLVED, in the order of arrival."""
        titles = [json.loads(body)["attachments"][0]["title"] for _, body in list(self.chat.calls)]
        return [title.partition("]")[0].lstrip("[") for title in titles if f" {alert} " in title]

    def wait_for(self, moment: datetime, what: str) -> None:
        patience = (moment - datetime.now(UTC)).total_seconds() + 10
        eventually(lambda: datetime.now(UTC) > moment, what, patience)


def _config(folder: Path, chat: Sink, evening: datetime, morning: datetime) -> Path:
    """The rendered file, with the hours of this test in a time zone where it is about noon."""
    secrets = folder / "secrets"
    secrets.mkdir()
    values = {"slack_webhook_url": f"http://{chat.address}/", "heartbeat_url": f"http://{chat.address}/heartbeat"}
    for name in ("slack_webhook_url", "heartbeat_url", "pagerduty_routing_key", "smtp_password"):
        (secrets / name).write_text(values.get(name, ""), encoding="utf-8")
    routing = folder / "routing.json"
    routing.write_text("{}", encoding="utf-8")
    settings = defaults()
    render(settings | {"BASE_URL_TRACKER": settings["BASE_URL_BUGSINK"]}, secrets, folder, routing)
    path = folder / "alertmanager.yml"
    config: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8").replace("/run/secrets", str(secrets)))
    (hours,) = config["time_intervals"]
    shift = 12 - evening.hour
    local = [f"{moment + timedelta(hours=shift):%H:%M}" for moment in (evening, morning)]
    times = [{"start_time": "00:00", "end_time": local[0]}, {"start_time": local[1], "end_time": "24:00"}]
    (shipped,) = hours["time_intervals"]
    night = 24 * 3600 - _seconds_between(**shipped["times"][0])
    # In this notation of time zones the sign is the other way round.
    hours["time_intervals"] = [{"times": times, "location": f"Etc/GMT{-shift:+d}"}]
    (route,) = [each for each in config["route"]["routes"] if "active_time_intervals" in each]
    repeat = parse_duration(route.get("repeat_interval", config["route"]["repeat_interval"])).total_seconds()
    route |= {"group_wait": "1s", "group_interval": "1s", "repeat_interval": f"{repeat * NIGHT / night:.0f}s"}
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def _seconds_between(start_time: str, end_time: str) -> float:
    start, end = (datetime.strptime(each, "%H:%M").replace(tzinfo=UTC) for each in (start_time, end_time))
    return (end - start).total_seconds()


@contextmanager
def _running(folder: Path, config: Path) -> Iterator[str]:
    port, log = free_port(), folder / "alertmanager.log"
    given = (f"--config.file={config}", f"--storage.path={folder / 'data'}", "--cluster.listen-address=")
    with log.open("w", encoding="utf-8") as output:
        command = [str(tool("alertmanager")), *given, f"--web.listen-address=127.0.0.1:{port}"]
        process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            url = f"http://127.0.0.1:{port}"
            ready = partial(requests.get, f"{url}/-/ready", timeout=5)
            eventually(ready, "Alertmanager to be ready", 30, until=lambda answer: answer.ok)
            yield url
        finally:
            process.terminate()
            process.wait(timeout=30)


@contextmanager
def _office(folder: Path) -> Iterator[Office]:
    now = datetime.now(UTC)
    evening = (now + timedelta(seconds=60 + LATE)).replace(second=0, microsecond=0)
    morning = evening + timedelta(seconds=NIGHT)
    with sink.running() as chat, _running(folder, _config(folder, chat, evening, morning)) as url:
        yield Office(url, chat, evening, morning)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, list[str]]]:
    """By the time of day what has been told of each alert until then."""
    stack.ensure_up()
    found: dict[str, dict[str, list[str]]] = {}
    with _office(tmp_path_factory.mktemp("alertmanager")) as office:

        def told() -> dict[str, list[str]]:
            return {alert: office.told(alert) for alert in ALERTS}

        # As late as can be: what is told of them in the morning is told soonest after this.
        office.wait_for(office.evening - timedelta(seconds=LATE), "the last of the hours")
        for alert in (FIRES_ON, ENDS_AT_NIGHT):
            office.set(alert, fires=True)
            eventually(partial(office.told, alert), f"{alert} to be told", LATE / 2)
        found["evening"] = told()
        office.wait_for(office.evening, "the end of the hours")
        office.set(ENDS_AT_NIGHT, fires=False)
        for alert in (BEGINS_AT_NIGHT, GONE_BY_MORNING):
            office.set(alert, fires=True)
        left = (office.morning - datetime.now(UTC)).total_seconds()
        stays(told, "nothing is told at night", left - 20, until=partial(found["evening"].__eq__))
        office.set(GONE_BY_MORNING, fires=False)
        office.wait_for(office.morning, "the morning")
        eventually(partial(office.told, BEGINS_AT_NIGHT), "what began at night to be told", 10)
        # Alerts are told group by group, each in a second of its own.
        eventually(partial(office.told, FIRES_ON), "what fires on to be told again", 10, until=lambda of: len(of) > 1)
        found["morning"] = told()
        office.set(ENDS_AT_NIGHT, fires=True)
        eventually(partial(office.told, ENDS_AT_NIGHT), "its second time to be told", 10, until=lambda of: len(of) > 1)
        for alert in (FIRES_ON, ENDS_AT_NIGHT, BEGINS_AT_NIGHT):
            office.set(alert, fires=False)
            eventually(partial(office.told, alert), f"the end of {alert}", 10, until=lambda of: of[-1:] == ["RESOLVED"])
        found["day"] = told()
    return found


@pytest.mark.parametrize(
    ("alert", "evening", "morning", "day"),
    [
        # Still there in the morning: told again, because it is the first of the day.
        (FIRES_ON, 1, 2, ["WARNING", "WARNING", "RESOLVED"]),
        # Nobody is told its end at night; when it fires again the next day, that is told.
        (ENDS_AT_NIGHT, 1, 1, ["WARNING", "WARNING", "RESOLVED"]),
        (BEGINS_AT_NIGHT, 0, 1, ["WARNING", "RESOLVED"]),
        (GONE_BY_MORNING, 0, 0, []),
    ],
)
def test_what_is_told(
    alert: str, evening: int, morning: int, day: list[str], story: dict[str, dict[str, list[str]]]
) -> None:
    assert [story[time][alert] for time in ("evening", "morning", "day")] == [day[:evening], day[:morning], day]
