"""Every setting of this package, read once from Django's OBSERVABILITY into one frozen object."""

from dataclasses import dataclass, fields
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    version: str = ""
    """What build_info says."""
    metrics_token: str = ""
    """The bearer token that /metrics wants; empty: nobody may read it."""
    organization_attribute: str = ""
    """The user's attribute that holds an organization's id; reading it must not cost a query."""
    ready_checks: tuple[str, ...] = ("database", "cache")
    """What /readyz of the web process asks for: database, cache."""
    server_port: int = 8001
    """Where a Celery worker or beat serves /metrics, /livez and /readyz."""


@lru_cache(maxsize=1)
def get() -> Settings:
    given = getattr(settings, "OBSERVABILITY", {})
    known = {field.name for field in fields(Settings)}
    if unknown := sorted(set(given) - known):
        raise ImproperlyConfigured(
            f"OBSERVABILITY has unknown settings: {', '.join(unknown)}; known are {', '.join(sorted(known))}."
        )
    return Settings(**given)
