"""The environment that the settings are read from, as far as it isn't given, and the fixtures."""

import os
import secrets
from pathlib import Path

import django
import kombu

DEFAULTS = {
    "APPLICATION": "erp",
    "ENV": "sandbox",
    "SERVICE": "erp-web",
    "VERSION": "test",
    "DATABASE_HOST": "127.0.0.1",
    "REDIS_HOST": "127.0.0.1",
    # Beside the databases of a running ERP, whose worker would take the tests' tasks.
    "REDIS_BROKER_DB": "14",
    "REDIS_CACHE_DB": "15",
    "PAYMENT_API_URL": "http://127.0.0.1:9",
    "SHIPPING_API_URL": "http://127.0.0.1:9",
}
SECRETS = (
    "SECRET_KEY",
    "PARTNER_API_KEY",
    "METRICS_TOKEN",
    "ADMIN_PASSWORD",
    "BUYER_PASSWORD",
    "TRAFFIC_PASSWORD",
)

for name, value in DEFAULTS.items():
    os.environ.setdefault(name, value)
for name in SECRETS:
    if f"{name}_FILE" not in os.environ:
        os.environ.setdefault(name, secrets.token_hex(32))
for name in ("SENTRY_DSN", "SENTRY_DSN_FILE", "PROMETHEUS_MULTIPROC_DIR"):
    os.environ.pop(name, None)
if kombu.VERSION[:2] < (5, 7):
    os.environ["DJANGO_SETTINGS_MODULE"] = "harness.older_settings"
    # Of the programs that the tests start.
    given = (str(Path(__file__).parent / "support"), os.environ.get("PYTHONPATH", ""))
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, given))
else:
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"

# Before the fixtures, which import models; pytest-django would do it only after them.
django.setup()

pytest_plugins = ["harness.fixtures", "tests.support.red_tests"]
