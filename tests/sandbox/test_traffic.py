"""The shoppers: a steady pace and a fixed mix, also without an answer; what the ERP answers: tests/app/orders."""

import signal
import socket
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.traffic.mix import CYCLE, plan_order
from tests.sandbox.programs import Program, Starter
from tests.support.ports import free_port
from tests.support.wait import eventually

PER_MINUTE = 1200


@pytest.fixture
def password(tmp_path: Path) -> Path:
    path = tmp_path / "traffic_password"
    path.write_text("password-of-the-traffic\n")
    return path


@pytest.fixture
def hanging_traffic(start: Starter, password: Path) -> Iterator[Program]:
    """Two shoppers whose calls are taken and never answered."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        yield shop(start, silent.getsockname()[1], password)


def shop(start: Starter, port: int, password: Path) -> Program:
    return start(
        "sandbox.traffic",
        ERP_URL=f"http://127.0.0.1:{port}",
        TRAFFIC_PASSWORD_FILE=str(password),
        TRAFFIC_ORDERS_PER_MINUTE=str(PER_MINUTE),
        TRAFFIC_SHOPPERS="2",
    )


def skipped(traffic: Program, reason: str) -> float:
    return traffic.metric("traffic_orders_skipped_total", reason=reason)


def test_every_twenty_orders_hold_the_same_mix() -> None:
    kinds = [plan_order(number, ["SKU-0001", "SKU-0002"]).kind for number in range(2 * CYCLE)]
    refused = {"no_money": 1, "too_little_stock": 1, "unknown_product": 1, "bad_json": 1}
    assert Counter(kinds[:CYCLE]) == {"ok": 16, **refused}
    assert kinds[CYCLE:] == kinds[:CYCLE]


def test_an_erp_without_an_answer_does_not_slow_the_pace(hanging_traffic: Program) -> None:
    """Nor is an order kept for later; and the fixture's end sees SIGTERM end calls that hang."""
    eventually(lambda: skipped(hanging_traffic, "busy"), "both shoppers to be busy", 10, interval=0.05)
    before, begun = skipped(hanging_traffic, "busy"), time.monotonic()
    eventually(lambda: skipped(hanging_traffic, "busy") >= before + 20, "20 orders skipped", 10, interval=0.02)
    assert time.monotonic() - begun == pytest.approx(20 * 60 / PER_MINUTE, abs=0.4)


def test_orders_missed_while_the_machine_stood_still_are_never_caught_up(hanging_traffic: Program) -> None:
    eventually(lambda: skipped(hanging_traffic, "busy"), "both shoppers to be busy", 10, interval=0.05)
    hanging_traffic.process.send_signal(signal.SIGSTOP)
    stopped = time.monotonic()
    eventually(lambda: time.monotonic() - stopped >= 1.2, "more than a second passed", 3, interval=0.05)
    hanging_traffic.process.send_signal(signal.SIGCONT)
    eventually(lambda: skipped(hanging_traffic, "late") >= 18, "what was missed to be counted", 5, interval=0.05)


def test_an_absent_erp_is_told_once_and_each_order_is_tried(start: Starter, password: Path) -> None:
    traffic = shop(start, free_port(), password)
    label = {"route": "POST /api/login", "outcome": "unreachable"}
    eventually(lambda: traffic.metric("traffic_requests_total", **label) >= 20, "20 orders tried", 10, interval=0.1)
    warnings = [line["message"] for line in traffic.lines() if line["level"] == "WARNING"]
    assert "can't be reached" in warnings[0]
    assert len(warnings) <= 2  # two shoppers may fail at the same moment
    assert traffic.request("GET", "/livez").ok
    assert "password-of-the-traffic" not in traffic.log.read_text()
