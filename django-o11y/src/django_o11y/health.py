"""/livez: this process answers. /readyz: what every request needs answers too. /healthz is /livez.

Other companies' APIs are not asked: while they are away, a restart of this process doesn't help.
"""

from collections.abc import Callable, Iterable
from functools import cache

from django_o11y.bounded import Bounded

DEADLINE_SECONDS = 2.5
KEEP_SECONDS = 1.0

Answer = tuple[int, dict[str, object]]


def answer(path: str, ready_checks: Iterable[str]) -> Answer | None:
    """Status and body for a health URL, or None for any other path."""
    if path in ("/livez", "/healthz"):
        return 200, {"status": "ok"}
    if path == "/readyz":
        return _readiness(ready_checks)
    return None


def _readiness(names: Iterable[str]) -> Answer:
    # All begin before the first is waited for, so that together they take no longer than one.
    begun = {name: _check(name).begin() for name in names}
    results = {name: _ask(name, since) for name, since in begun.items()}
    ready = all(result == "ok" for result in results.values())
    return (200 if ready else 503), {"status": "ok" if ready else "unavailable", "checks": results}


def _ask(name: str, since: float) -> str:
    # The kind of the error only: messages of drivers hold host names and users.
    try:
        _check(name).ask(since)
    except Exception as error:
        return f"failed: {type(error).__name__}"
    return "ok"


@cache
def _check(name: str) -> Bounded[None]:
    return Bounded(CHECKS[name], seconds=DEADLINE_SECONDS, keep_seconds=KEEP_SECONDS)


def _ask_database() -> None:
    from django.db import connections

    # A connection of its own: it proves that connecting works, and it may hang without harm to a request.
    connection = connections.create_connection("default")
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()


def _ask_cache() -> None:
    from django.core.cache import cache as django_cache

    django_cache.has_key("django_o11y:ready")


def _ask_broker() -> None:
    from celery import current_app

    with current_app.connection_for_write() as connection:
        connection.connect()


CHECKS: dict[str, Callable[[], None]] = {
    "database": _ask_database,
    "cache": _ask_cache,
    "broker": _ask_broker,
}
