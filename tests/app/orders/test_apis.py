"""The API of orders: what it answers to good and to bad input, and that every refusal is counted."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests
from django.test import Client
from harness.partner import Partner
from harness.processes import free_port, web
from harness.samples import here, total

from catalog.models import Product
from customers.models import Customer
from orders.models import Order

ORDER = {"card_token": "tok_ok", "lines": [{"product": "SKU-0001", "quantity": 2}]}
LINE = {"product": "SKU-0001", "quantity": 1}


def place(client: Client, order: object, **arguments: Any) -> Any:
    body = order if isinstance(order, bytes) else json.dumps(order)
    return client.post("/api/orders", body, **{"content_type": "application/json", **arguments})


def test_a_good_order_is_paid_and_can_be_read_again(buyer: Client, partner: Partner) -> None:
    answer = place(buyer, ORDER)
    assert answer.status_code == 201, answer.content
    order = answer.json()
    assert order["status"] == "paid"
    assert order["total"] == "15.80"
    assert buyer.get(f"/api/orders/{order['number']}").json() == order
    assert buyer.get("/api/orders").json() == {"orders": [order]}


def test_the_payment_gets_the_sum_the_ids_and_a_key(buyer: Client, partner: Partner) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = {"X-Request-ID": "my-request", "traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    order = place(buyer, ORDER, headers=headers).json()
    (call,) = partner.calls
    assert call.json == {
        "reference": order["number"],
        "amount": "15.80",
        "currency": "EUR",
        "card_token": "tok_ok",
    }
    assert call.headers["idempotency-key"] == f"payment-{order['number']}"
    assert call.headers["x-request-id"] == "my-request"
    assert call.headers["traceparent"].startswith(f"00-{trace}-")
    assert call.headers["traceparent"].endswith("-01")
    assert "sentry-trace" not in call.headers


@pytest.mark.parametrize(
    ("order", "status", "reason"),
    [
        (b'{"lines": [{"product": ', 400, "bad_json"),
        (b"\xff\xfe", 400, "bad_json"),
        (b'{"card_token": NaN}', 400, "bad_json"),
        (b"[" * 100_000, 400, "bad_json"),
        (b" " * 300_000, 413, "too_large"),
        (b"", 400, "invalid"),
        ([], 400, "invalid"),
        ({}, 400, "invalid"),
        ({**ORDER, "lines": []}, 400, "invalid"),
        ({**ORDER, "lines": "SKU-0001"}, 400, "invalid"),
        ({**ORDER, "lines": [LINE] * 51}, 400, "invalid"),
        ({**ORDER, "lines": [{**LINE, "quantity": 0}]}, 400, "invalid"),
        ({**ORDER, "lines": [{**LINE, "quantity": 10**30}]}, 400, "invalid"),
        ({**ORDER, "lines": [{**LINE, "quantity": "many"}]}, 400, "invalid"),
        ({**ORDER, "lines": [{**LINE, "product": "a\0b"}]}, 400, "invalid"),
        ({**ORDER, "lines": [{**LINE, "product": "\ud800"}]}, 400, "invalid"),
        ({**ORDER, "customer": 999_999}, 400, "invalid"),
        ({**ORDER, "customer": 10**30}, 400, "invalid"),
        ({**ORDER, "customer": "Acme"}, 400, "invalid"),
        ({**ORDER, "card_token": ""}, 400, "invalid"),
        ({**ORDER, "lines": [LINE, {**LINE, "product": "SKU-9999"}]}, 404, "unknown_product"),
        ({**ORDER, "lines": [{**LINE, "quantity": 501}]}, 409, "too_little_stock"),
        ({**ORDER, "lines": [{**LINE, "quantity": 300}, {**LINE, "quantity": 300}]}, 409, "too_little_stock"),
        ({**ORDER, "card_token": "tok_no_money"}, 402, "no_money"),
    ],
)
def test_a_bad_order_is_refused_with_a_counted_reason_and_keeps_no_stock(
    buyer: Client, partner: Partner, stock: Product, order: object, status: int, reason: str
) -> None:
    counted = here("erp_orders_total", outcome="rejected", reason=reason)
    answer = place(buyer, order)
    assert answer.status_code == status, answer.content
    assert answer.json()["error"] == reason
    assert len(answer.json()["detail"]) > 10
    assert here("erp_orders_total", outcome="rejected", reason=reason) == counted + 1
    stock.refresh_from_db()
    assert stock.stock == 500


def test_a_body_of_another_kind_is_refused(buyer: Client) -> None:
    answer = place(buyer, ORDER, content_type="text/xml")
    assert (answer.status_code, answer.json()["error"]) == (415, "unsupported_media_type")


def test_an_order_without_login_is_refused(demo: object) -> None:
    for client in (Client(), Client(headers={"authorization": "Token wrong"})):
        answer = place(client, ORDER)
        assert (answer.status_code, answer.json()["error"]) == (401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"] == "Token"


def test_a_customer_of_another_organization_can_not_be_used(buyer: Client, partner: Partner) -> None:
    stranger = Customer.objects.exclude(organization__name="Acme GmbH").first()
    answer = place(buyer, {**ORDER, "customer": stranger.pk})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid")


def test_an_order_of_another_organization_can_not_be_seen(buyer: Client, partner: Partner) -> None:
    order = Order.objects.get(number=place(buyer, ORDER).json()["number"])
    stranger = Customer.objects.exclude(organization__name="Acme GmbH").first()
    Order.objects.filter(pk=order.pk).update(organization=stranger.organization)
    answer = buyer.get(f"/api/orders/{order.number}")
    assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
    assert buyer.get("/api/orders").json() == {"orders": []}


def test_a_broken_payment_api_is_a_503_that_keeps_no_stock(
    buyer: Client, partner: Partner, stock: Product, lines: list[dict[str, Any]]
) -> None:
    partner.mode = "error"
    counted = here("erp_orders_total", outcome="failed", reason="payment_unavailable")
    answer = place(buyer, ORDER)
    assert (answer.status_code, answer.json()["error"]) == (503, "payment_unavailable")
    assert answer.headers["Retry-After"] == "10"
    assert here("erp_orders_total", outcome="failed", reason="payment_unavailable") == counted + 1
    stock.refresh_from_db()
    assert stock.stock == 500
    (error,) = [line for line in lines if line["level"] == "ERROR"]
    assert error["logger"] == "orders.services"
    assert error["user_id"]
    assert "Unavailable" in error["exception"]


def test_a_hanging_payment_api_is_a_503_in_time(buyer: Client, partner: Partner) -> None:
    partner.mode = "hang"
    calls = here("external_requests_total", api="payment", operation="charge", outcome="timeout")
    assert place(buyer, ORDER).status_code == 503
    assert here("external_requests_total", api="payment", operation="charge", outcome="timeout") == calls + 1


def test_an_order_stands_when_broker_and_cache_are_away(token: str, partner: Partner, tmp_path: Path) -> None:
    env = {"PAYMENT_API_URL": partner.url, "REDIS_PORT": str(free_port())}
    with web(tmp_path, workers=1, **env) as process:
        answer = requests.post(
            f"{process.url}/api/orders", json=ORDER, headers={"Authorization": f"Token {token}"}, timeout=20
        )
        assert (answer.status_code, answer.json()["status"]) == (201, "paid")
        assert answer.elapsed.total_seconds() < 5
        assert total(process.metrics(), "erp_orders_total", outcome="placed", reason="ok") == 1
        assert sum(line["level"] == "ERROR" for line in process.lines) == 2  # neither shipped nor invoiced


def test_an_unknown_address_is_a_404_in_json(buyer: Client) -> None:
    for path in ("/api/nothing", "/api/orders/O-0", "/api/orders/%00"):
        answer = buyer.get(path)
        assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
