"""Who may read /metrics, and what it is."""

import pytest
from django.conf import settings
from django.test import Client


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", "Token {}", "bearer {}x", "Bearer ü"])
def test_metrics_need_the_token(db: None, given: str) -> None:
    answer = Client().get("/metrics", headers={"authorization": given.format(settings.O11Y.metrics_token)})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert b"python_info" not in answer.content
