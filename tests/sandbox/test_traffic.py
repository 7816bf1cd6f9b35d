"""The shoppers: a steady pace and a fixed mix, whatever the ERP at the other end does."""

from __future__ import annotations

import json
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.sandbox.erp_double import ErpDouble
from tests.sandbox.programs import Program, Starter
from tests.support.ports import free_port
from tests.support.wait import eventually

ORDER = "POST /api/orders"


@pytest.fixture
def password(tmp_path: Path) -> Path:
    path = tmp_path / "traffic_password"
    path.write_text("password-of-the-traffic\n")
    return path


def shop(start: Starter, url: str, password: Path, **settings: str) -> Program:
    environment = {
        "ERP_URL": url,
        "TRAFFIC_PASSWORD_FILE": str(password),
        "TRAFFIC_ORDERS_PER_MINUTE": "1200",
    }
    return start("sandbox.traffic", **{**environment, **settings})


def wait_for_orders(erp: ErpDouble, count: int, seconds: float = 15) -> None:
    eventually(lambda: len(erp.orders()) >= count, f"{count} orders at the ERP", seconds, interval=0.02)


def kind_of(body: bytes) -> str:
    try:
        order = json.loads(body)
    except ValueError:
        return "bad_json"
    if order["card_token"] == "tok_no_money":
        return "no_money"
    if order["lines"][0]["quantity"] > 1000:
        return "too_little_stock"
    return "ok" if order["lines"][0]["product"].startswith("SKU-0") else "unknown_product"


def test_every_twenty_orders_hold_the_same_mix(start: Starter, erp: ErpDouble, password: Path) -> None:
    traffic = shop(start, erp.url, password, TRAFFIC_SHOPPERS="1", TRAFFIC_ORDERS_PER_MINUTE="3000")
    wait_for_orders(erp, 41)
    kinds = [kind_of(order.body) for order in erp.orders()]
    assert Counter(kinds[:20]) == {
        "ok": 16,
        "no_money": 1,
        "too_little_stock": 1,
        "unknown_product": 1,
        "bad_json": 1,
    }
    assert kinds[20:40] == kinds[:20]
    assert traffic.metric("traffic_requests_total", route=ORDER, outcome="ok") >= 32
    assert traffic.metric("traffic_requests_total", route=ORDER, outcome="rejected") == 8
    assert traffic.metric("traffic_erp_available") == 1


def test_shopper_logs_in_reads_its_orders_and_looks_like_a_browser(
    start: Starter, erp: ErpDouble, password: Path
) -> None:
    traffic = shop(start, erp.url, password, TRAFFIC_SHOPPERS="1")
    wait_for_orders(erp, 22)
    traffic.stop()
    calls = erp.state.calls
    assert json.loads(calls[0].body) == {"username": "traffic", "password": "password-of-the-traffic"}
    assert [call.path for call in calls[:4]] == [
        "/api/login",
        "/api/products",
        "/api/orders",
        "/api/orders/O-3",
    ]
    assert erp.calls("GET", "/api/orders")
    assert all(call.headers["User-Agent"].startswith("Mozilla/5.0") for call in calls)
    assert {call.headers["Authorization"] for call in erp.orders()} == {"Token first-token"}
    ids = [call.headers["X-Request-ID"] for call in calls]
    assert len(set(ids)) == len(ids)
    logged = {line["request_id"] for line in traffic.lines() if line["request_id"]}
    assert logged <= set(ids)
    assert len(logged) >= 40
    assert "password-of-the-traffic" not in traffic.log.read_text()


def test_slow_erp_does_not_slow_the_pace(start: Starter, erp: ErpDouble, password: Path) -> None:
    erp.state.delay = 0.3
    shop(start, erp.url, password, TRAFFIC_ORDERS_PER_MINUTE="600")
    wait_for_orders(erp, 21)
    orders = erp.orders()
    assert orders[20].at - orders[5].at == pytest.approx(1.5, abs=0.4)


def test_orders_missed_in_a_stall_are_counted_and_never_caught_up(
    start: Starter, erp: ErpDouble, password: Path
) -> None:
    traffic = shop(start, erp.url, password, TRAFFIC_SHOPPERS="2")
    wait_for_orders(erp, 5)
    erp.state.open.clear()
    eventually(
        lambda: traffic.metric("traffic_orders_skipped_total", reason="busy") >= 10,
        "10 orders were skipped",
        10,
        interval=0.05,
    )
    erp.state.open.set()
    opened = time.monotonic()
    eventually(lambda: time.monotonic() - opened >= 0.6, "a moment after the stall", 2, interval=0.05)
    caught_up = [order for order in erp.orders() if order.at > opened]
    assert 6 <= len(caught_up) <= 16


def test_orders_missed_while_the_machine_stood_still_are_never_caught_up(
    start: Starter, erp: ErpDouble, password: Path
) -> None:
    traffic = shop(start, erp.url, password)
    wait_for_orders(erp, 3)
    traffic.process.send_signal(signal.SIGSTOP)
    stopped = time.monotonic()
    eventually(lambda: time.monotonic() - stopped >= 1.2, "more than a second passed", 3, interval=0.05)
    traffic.process.send_signal(signal.SIGCONT)
    wait_for_orders(erp, 20)
    orders = [order.at for order in erp.orders() if order.at > stopped + 1.2]
    assert orders[9] - orders[0] > 0.3
    assert traffic.metric("traffic_orders_skipped_total", reason="late") >= 18


def test_absent_erp_is_left_alone_and_found_again(start: Starter, password: Path) -> None:
    port = free_port()
    traffic = shop(start, f"http://127.0.0.1:{port}", password)
    eventually(
        lambda: traffic.metric("traffic_orders_skipped_total", reason="erp_away") >= 20,
        "20 orders were skipped, none tried",
        10,
        interval=0.1,
    )
    tries = traffic.metric("traffic_requests_total", route="POST /api/login", outcome="unreachable")
    warnings = [line for line in traffic.lines() if line["level"] == "WARNING"]
    assert 2 <= tries <= 8
    assert 2 <= len(warnings) <= 4
    assert "can't be reached" in warnings[0]["message"]
    assert [line["message"].rpartition("next try in ")[2] for line in warnings[:2]] == ["0.5 s.", "1 s."]
    assert traffic.metric("traffic_erp_available") == 0
    assert traffic.request("GET", "/livez").ok
    with ErpDouble(port) as erp:
        wait_for_orders(erp, 10)
        assert traffic.metric("traffic_erp_available") == 1
    assert any(line["message"] == "The ERP is back." for line in traffic.lines())


def test_refused_login_is_tried_again_after_a_while(start: Starter, erp: ErpDouble, password: Path) -> None:
    erp.state.token = ""
    traffic = shop(start, erp.url, password)
    eventually(lambda: len(erp.calls("POST", "/api/login")) >= 2, "a second login", 10, interval=0.05)
    assert not erp.orders()
    erp.state.token = "second-token"
    wait_for_orders(erp, 3)
    assert traffic.metric("traffic_erp_available") == 1


def test_token_that_expired_is_replaced(start: Starter, erp: ErpDouble, password: Path) -> None:
    traffic = shop(start, erp.url, password, TRAFFIC_SHOPPERS="1")
    wait_for_orders(erp, 3)
    erp.state.token = "second-token"
    eventually(
        lambda: any(order.headers["Authorization"] == "Token second-token" for order in erp.orders()),
        "orders with the new token",
        10,
        interval=0.05,
    )
    assert traffic.metric("traffic_requests_total", route=ORDER, outcome="unexpected") == 1


def test_failing_erp_is_counted_and_still_visited(start: Starter, erp: ErpDouble, password: Path) -> None:
    erp.state.order_status = 503
    traffic = shop(start, erp.url, password)
    wait_for_orders(erp, 20)
    assert traffic.metric("traffic_requests_total", route=ORDER, outcome="error") >= 15
    assert traffic.metric("traffic_orders_skipped_total", reason="erp_away") == 0


def test_sigterm_ends_the_traffic_in_time_while_calls_hang(start: Starter, erp: ErpDouble, password: Path) -> None:
    erp.state.open.clear()
    traffic = shop(start, erp.url, password)
    wait_for_orders(erp, 4)
    traffic.stop_and_check()
