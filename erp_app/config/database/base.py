"""PostgreSQL as django-prometheus counts it; the password is read at each log-in: a new one needs no restart."""

from typing import Any

from django_prometheus.db.backends.postgresql import base

from config import env


class DatabaseWrapper(base.DatabaseWrapper):  # type: ignore[misc]
    def get_connection_params(self) -> dict[str, Any]:
        return {**super().get_connection_params(), "password": env.secret("DATABASE_PASSWORD")}
