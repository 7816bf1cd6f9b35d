"""What arrives with a time of its own that is wrong: kept at that time or refused and counted, never put elsewhere.

The programs in Go are linked statically, so no library gives them another clock: what they are sent here has one.
"""

from __future__ import annotations

import json
import secrets
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
import requests

from gateway.tests.bodies import remote_write
from tests.support import stack
from tests.support.alertmanager import Alertmanager
from tests.support.erp import sum_samples
from tests.support.loki import Loki
from tests.support.prometheus import Prometheus
from tests.support.tracker import Tracker
from tests.support.wait import eventually

HOUR = 3600
MOST_AHEAD = 600
"""How far ahead Prometheus and Loki take what they are sent."""
WINDOW = 3 * HOUR
"""How far behind what is newer they take it: out_of_order_time_window, and half of Loki's max_chunk_age."""
NEAR = 60
# Prometheus counts the window from the newest sample of all, which may be one that is ahead.
TAKEN = {"ahead": MOST_AHEAD - NEAR, "an hour behind": -HOUR, "hours behind": -WINDOW + MOST_AHEAD + NEAR}
REFUSED = {"just too far ahead": MOST_AHEAD + NEAR, "an hour ahead": HOUR, "too far behind": -WINDOW - NEAR}
taken = pytest.mark.parametrize("skew", TAKEN.values(), ids=TAKEN)
refused = pytest.mark.parametrize("skew", REFUSED.values(), ids=REFUSED)


@pytest.fixture
def mark() -> str:
    return f"clock-{secrets.token_hex(6)}"


def labels() -> dict[str, str]:
    return {"application": "monitoring", "env": stack.setting("ENV"), "service": "clock-test"}


def counted(program: str, name: str, **wanted: str) -> float:
    """The sum of a program's counter, as it says itself at its address."""
    return sum_samples(requests.get(f"{program}/metrics", timeout=20).text, name, wanted)


# Prometheus


@pytest.fixture(scope="module")
def one() -> str:
    """The first Prometheus of a pair, whose port is that of Thanos."""
    return stack.inside("prometheus", 9090)[0]


def write(one: str, mark: str, *ages: float) -> requests.Response:
    """One push of a sample of the same series for each time, in seconds from now."""
    series = {"__name__": "clock_test_value", "mark": mark, **labels()}
    headers = {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"}
    for at in ages:
        body = remote_write((series, 1.0), at=round(at, 3))
        answer = requests.post(f"{one}/api/v1/write", data=body, headers=headers, timeout=20)
    return answer


def stored(one: str, mark: str) -> list[float]:
    """The times of all its samples, whenever they are."""
    expression = f'clock_test_value{{mark="{mark}"}}[5h]'
    found = Prometheus(one).get("query", query=expression, time=time.time() + HOUR)["result"]
    return [at for row in found for at, _ in row["values"]]


@taken
def test_a_sample_with_another_clock_is_at_its_own_time(one: str, mark: str, skew: float) -> None:
    now = round(time.time(), 3)
    assert write(one, mark, now, now + skew).status_code == 204
    assert stored(one, mark) == sorted([now, now + skew])


def test_after_a_sample_ahead_those_of_the_right_time_are_taken(one: str, mark: str) -> None:
    now = round(time.time(), 3)
    assert write(one, mark, now + TAKEN["ahead"], now).status_code == 204
    assert stored(one, mark) == [now, now + TAKEN["ahead"]]
    assert Prometheus(one).value(f'clock_test_value{{mark="{mark}"}}') == 1


@refused
def test_a_sample_too_far_off_is_refused_and_counted(one: str, mark: str, skew: float) -> None:
    where = {"handler": "/api/v1/write", "code": "400"}
    now, before = round(time.time(), 3), counted(one, "prometheus_http_requests_total", **where)
    answer = write(one, mark, now, now + skew)
    said = "timestamp is too far in the future" if skew > 0 else "too old sample"
    assert (answer.status_code, said in answer.text) == (400, True)
    assert stored(one, mark) == [now]
    assert counted(one, "prometheus_http_requests_total", **where) == before + 1


# Loki


def push(mark: str, *times: float) -> requests.Response:
    """One push of a line for each time."""
    stream = {**labels(), "service": mark, "level": "INFO", "stream": "stdout"}
    lines = [[str(int(at * 1000) * 1_000_000), f"{mark} {at:.3f}"] for at in times]
    body = {"streams": [{"stream": stream, "values": lines}]}
    return requests.post(f"{stack.url('loki')}/loki/api/v1/push", json=body, timeout=20)


def kept(mark: str) -> list[float]:
    """The times of all its lines, which say when they were written, whenever they are."""
    window = {"start": int(time.time() - 5 * HOUR) * 10**9, "end": int(time.time() + HOUR) * 10**9, "limit": 100}
    found = Loki().get("query_range", query=f'{{service="{mark}"}}', **window)["result"]
    rows = [row for each in found for row in each["values"]]
    assert [line for _, line, *_ in rows] == [f"{mark} {int(at) / 1e9:.3f}" for at, *_ in rows]
    return sorted(int(at) / 1e9 for at, *_ in rows)


@taken
def test_a_line_with_another_clock_is_at_its_own_time(mark: str, skew: float) -> None:
    now = round(time.time(), 3)
    assert push(mark, now).status_code == 204
    assert push(mark, now + skew).status_code == 204
    assert eventually(lambda: kept(mark), "both lines", 20, until=lambda seen: len(seen) == 2) == pytest.approx(
        sorted([now, now + skew]), abs=0.0011
    )


@refused
def test_a_line_too_far_off_is_refused_and_counted_and_the_others_of_its_push_are_kept(mark: str, skew: float) -> None:
    reason = {"reason": "too_far_in_future" if skew > 0 else "too_far_behind"}
    now, before = round(time.time(), 3), counted(stack.url("loki"), "loki_discarded_samples_total", **reason)
    assert push(mark, now).status_code == 204
    answer = push(mark, now + skew, now + 1)
    said = "timestamp too new" if skew > 0 else "entry too far behind"
    assert (answer.status_code, said in answer.text) == (400, True)
    assert eventually(lambda: kept(mark), "the others", 20, until=lambda seen: len(seen) == 2) == pytest.approx(
        [now, now + 1], abs=0.0011
    )
    assert counted(stack.url("loki"), "loki_discarded_samples_total", **reason) == before + 1


# Alertmanager


def send(mark: str, starts: float, ends: float) -> None:
    """An alert that is told nobody, as a Prometheus would send it that has another clock; in seconds from now."""
    begin, end = (datetime.now(UTC) + timedelta(seconds=each) for each in (starts, ends))
    said = {**labels(), "alertname": mark, "severity": "info", "team": "infra", "signal": "self"}
    alert = {"labels": said, "annotations": {}, "startsAt": begin.isoformat(), "endsAt": end.isoformat()}
    requests.post(f"{stack.url('alertmanager')}/api/v2/alerts", json=[alert], timeout=20).raise_for_status()


def state(mark: str) -> list[str]:
    return [str(alert["status"]["state"]) for alert in Alertmanager().alerts(mark)]


@pytest.fixture
def alert(mark: str) -> Iterator[str]:
    yield mark
    send(mark, -2 * HOUR, -1)


RESENT = 240
"""An alert ends by itself so long after it was last sent: four times Prometheus' resend-delay."""


def test_an_alert_of_a_clock_an_hour_ahead_is_told_at_once_and_ends_an_hour_late(alert: str) -> None:
    send(alert, HOUR, HOUR + RESENT)
    assert state(alert) == ["active"]
    send(alert, HOUR, HOUR + 1)  # its end
    assert state(alert) == ["active"]


def test_an_alert_of_a_clock_an_hour_behind_is_over_before_it_is_told(alert: str) -> None:
    """The Watchdog too: the heartbeat receiver misses it (tests/apart/test_without_prometheus.py)."""
    send(alert, -HOUR, -HOUR + RESENT)
    assert state(alert) == []
    send(alert, 0, RESENT)
    assert state(alert) == ["active"]


# The tracker


@pytest.mark.parametrize("skew", [HOUR, -HOUR], ids=["ahead", "behind"])
def test_an_event_of_another_clock_keeps_its_time_and_is_listed_by_the_trackers(mark: str, skew: float) -> None:
    tracker, dsn = Tracker(), urlsplit(stack.secret("sentry_dsn"))
    sent = time.time()
    event = {
        "event_id": uuid.uuid4().hex,
        "timestamp": sent + skew,
        "level": "error",
        "exception": {"values": [{"type": "RuntimeError", "value": mark}]},
    }
    parts: list[dict[str, object]] = [{"event_id": event["event_id"]}, {"type": "event"}, event]
    address = f"{tracker.base}/api{dsn.path}/envelope/"
    key = {"X-Sentry-Auth": f"Sentry sentry_version=7, sentry_key={dsn.username}"}
    requests.post(address, data="\n".join(map(json.dumps, parts)) + "\n", headers=key, timeout=20).raise_for_status()
    found = eventually(lambda: [each for each in tracker.issues() if mark in str(each)], "its issue", 60)
    try:
        ((issue,), (told,)) = found, tracker.get("events/", issue=found[0]["id"], order="desc")["results"]
        assert seconds(told["timestamp"]) == pytest.approx(sent + skew, abs=0.01)
        assert issue["first_seen"] == issue["last_seen"] == told["ingested_at"]
        assert sent - 1 < seconds(told["ingested_at"]) < time.time() + 1
    finally:
        tracker.delete_issue(found[0]["id"])


def seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
