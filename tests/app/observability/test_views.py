"""Who may read /metrics, and what it is."""

import pytest
from django.conf import settings
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", "Token {}", "bearer {}x", "Bearer ü"])
def test_metrics_need_the_token(db: None, given: str) -> None:
    answer = Client().get("/metrics", headers={"authorization": given.format(settings.OBSERVABILITY.metrics_token)})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert b"python_info" not in answer.content


def test_metrics_are_in_prometheus_format(db: None) -> None:
    token = settings.OBSERVABILITY.metrics_token
    answer = Client().get("/metrics", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    families = {family.name for family in text_string_to_metric_families(answer.content.decode())}
    assert {"build_info", "external_requests", "celery_tasks", "sentry_events", "erp_orders"} <= families


def test_metrics_are_found_by_the_name_of_the_service(db: None) -> None:
    answer = Client(headers={"host": "erp-web:8000"}).get("/metrics")
    assert answer.status_code == 401
