"""Outside the sandbox nothing of the sandbox is there, and the application shows no debugging pages."""

import json

import pytest

from tests.support import inside, stack
from tests.support.services import SANDBOX

REAL = {"PAYMENT_API_URL": "https://payment.example", "SHIPPING_API_URL": "https://shipping.example"}
DEBUG = "import django; from django.conf import settings; print(settings.DEBUG)"


@pytest.mark.parametrize("env", ["production", "staging"])
def test_no_service_of_the_sandbox_runs_or_is_scraped(env: str) -> None:
    model = json.loads(stack.compose("config", "--format", "json", env={"ENV": env, **REAL}))
    assert model["services"].keys() & SANDBOX == set()
    assert {"erp-web", "prometheus", "alertmanager", "loki"} <= model["services"].keys()
    assert {each["labels"]["observability.env"] for each in model["services"].values()} == {env}


@pytest.mark.parametrize("env", ["production", "staging", "sandbox"])
def test_debugging_pages_are_off(env: str) -> None:
    variables = ("-e", f"ENV={env}", "-e", "DJANGO_SETTINGS_MODULE=config.settings")
    printed = stack.compose("exec", "-T", *variables, "erp-web", "python", "-c", DEBUG)
    assert printed.split()[-1] == "False"


def test_an_unknown_page_tells_nothing() -> None:
    found = inside.fetch("erp-web", "http://127.0.0.1:8000/no-such-page")
    assert found.startswith("404 ")
    assert "Using the URLconf" not in found
