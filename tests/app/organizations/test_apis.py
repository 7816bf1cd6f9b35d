"""Logging in."""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from harness.samples import here

from config import env
from organizations.models import User


def test_a_login_gives_a_token_that_works(demo: User) -> None:
    counted = here("erp_logins_total", outcome="ok")
    answer = Client().post(
        "/api/login", {"username": "buyer", "password": env.secret("BUYER_PASSWORD")}, "application/json"
    )
    assert answer.status_code == 200
    assert Client(headers={"authorization": f"Token {answer.json()['token']}"}).get("/api/orders").status_code == 200
    assert here("erp_logins_total", outcome="ok") == counted + 1


@pytest.mark.parametrize(
    ("login", "status", "outcome"),
    [
        ({"username": "buyer", "password": "wrong"}, 401, "refused"),
        ({"username": "nobody", "password": "wrong"}, 401, "refused"),
        ({"username": "buyer"}, 400, "invalid"),
        ({"username": {}, "password": []}, 400, "invalid"),
        ({"username": "a\0", "password": "b"}, 400, "invalid"),
        ("no json", 400, "invalid"),
    ],
)
def test_a_wrong_login_is_refused_and_counted(demo: User, login: object, status: int, outcome: str) -> None:
    counted = here("erp_logins_total", outcome=outcome)
    answer = Client().post("/api/login", login, "application/json")
    assert answer.status_code == status
    assert here("erp_logins_total", outcome=outcome) == counted + 1


def test_a_user_without_organization_is_told_so(buyer: Client, demo: User) -> None:
    User.objects.filter(pk=demo.pk).update(organization=None)
    answer = buyer.get("/api/orders")
    assert answer.status_code == 403
    assert "organization" in answer.json()["detail"]


def test_the_version_needs_no_login(db: None) -> None:
    assert reverse("api-version") == "/api/version"
    assert Client().get("/api/version").json() == {"version": settings.VERSION, "env": "sandbox"}


def test_every_page_of_the_admin_can_be_opened(admin_client: Client) -> None:
    names = ("organizations/organization", "organizations/user", "customers/customer", "catalog/product")
    for name in (*names, "orders/order", "orders/invoice"):
        assert admin_client.get(f"/admin/{name}/").status_code == 200


def test_a_model_of_the_admin_is_counted(admin_client: Client) -> None:
    counted = here("django_model_inserts_total", model="organization")
    admin_client.post("/admin/organizations/organization/add/", {"name": "New Ltd"})
    assert here("django_model_inserts_total", model="organization") == counted + 1
