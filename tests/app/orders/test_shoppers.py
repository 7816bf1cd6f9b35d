"""The sandbox's shoppers: their orders get the answers that they are made for."""

from pathlib import Path

import pytest
from harness.partner import Partner
from harness.processes import HttpProcess
from harness.samples import here, total
from rest_framework.authtoken.models import Token

from config import env
from config.demo import make_demo_data
from sandbox.traffic.mix import CYCLE
from sandbox.traffic.shopper import Shopper

REASONS = ("no_money", "too_little_stock", "unknown_product", "bad_json")


@pytest.fixture
def shopper(
    transactional_db: None,
    queue: None,
    web: HttpProcess,
    partner: Partner,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Shopper:
    make_demo_data()
    password = tmp_path / "password"
    password.write_text(env.secret("TRAFFIC_PASSWORD"), encoding="utf-8")
    monkeypatch.setenv("TRAFFIC_PASSWORD_FILE", str(password))
    return Shopper(web.url)


def orders(outcome: str) -> float:
    return here("traffic_requests_total", route="POST /api/orders", outcome=outcome)


def test_a_cycle_of_orders_is_answered_as_planned(shopper: Shopper, web: HttpProcess) -> None:
    taken, refused = orders("ok"), orders("rejected")
    for number in range(CYCLE):
        shopper.shop(number)
    assert (orders("ok"), orders("rejected")) == (taken + 16, refused + 4)
    page = web.metrics()
    assert [total(page, "erp_orders_total", reason=reason) for reason in REASONS] == [1, 1, 1, 1]


def test_a_token_that_is_gone_is_replaced(shopper: Shopper) -> None:
    shopper.shop(0)
    Token.objects.all().delete()
    taken, lost = orders("ok"), orders("unexpected")
    shopper.shop(1)
    shopper.shop(2)
    assert (orders("ok"), orders("unexpected")) == (taken + 1, lost + 1)
