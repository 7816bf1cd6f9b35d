"""Ours less the HTTP and database metrics: what is left are ids, log line and, with a DSN, errors."""

from bare import DATABASES
from ours import *  # noqa: F403
from ours import MIDDLEWARE

MIDDLEWARE = [name for name in MIDDLEWARE if not name.startswith("django_o11y.prometheus.")]
DATABASES["default"]["ENGINE"] = "django.db.backends.postgresql"
