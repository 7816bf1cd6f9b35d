"""What /readyz says: whether what every request needs answers.

Other companies' APIs are not asked: while they are away, a restart of this process doesn't help.

What /readyz asks is named by `ready_checks`: `database` and `cache` (the default ones), `database:replica`,
`cache:sessions` (by alias), `broker`, or the dotted path of a function of the project's, such as
`shop.health.search_is_up`: it returns when all is well, and raises an exception or returns False when it isn't.
"""

from collections.abc import Callable, Iterable
from functools import cache, partial

from asgiref.sync import async_to_sync, iscoroutinefunction
from django.core.cache import caches
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django.utils.module_loading import import_string

from django_instrumentation import databases
from django_instrumentation.bounded import Bounded

DEADLINE_SECONDS = 2.5
KEEP_SECONDS = 1.0


def readiness(names: Iterable[str]) -> tuple[int, dict[str, object]]:
    """Status and body of /readyz."""
    # All begin before the first is waited for, so that together they take no longer than one.
    begun = {name: _check(name).begin() for name in names}
    results = {name: _result(answer) for name, answer in begun.items()}
    ready = all(result == "ok" for result in results.values())
    return (200 if ready else 503), {"status": "ok" if ready else "unavailable", "checks": results}


def _result(answer: Callable[[], None]) -> str:
    # The kind of the error only: messages of drivers hold host names and users.
    try:
        answer()
    except Exception as error:
        return f"failed: {type(error).__name__}"
    return "ok"


@cache
def _check(name: str) -> Bounded[None]:
    # Found out when asked: a name that means nothing fails its own check only.
    return Bounded(lambda: find(name)(), seconds=DEADLINE_SECONDS, keep_seconds=KEEP_SECONDS)


def find(name: str) -> Callable[[], None]:
    """What asks the check of this name; ImproperlyConfigured with a sentence when it means nothing."""
    kind, _, alias = name.partition(":")
    if kind in ALIASED:
        function, known = ALIASED[kind]
        if alias and alias not in known():
            raise ImproperlyConfigured(
                f"ready_checks has {name!r}, but {alias!r} is none of the settings' aliases: {', '.join(known())}."
            )
        return partial(function, alias or "default")
    if name == "broker":
        return _ask_broker
    try:
        function = import_string(name)
    except ImportError as error:
        raise ImproperlyConfigured(
            f"ready_checks has {name!r}, which can't be imported ({error}); expected {', '.join(ALIASED)}, broker, "
            "database:<alias>, cache:<alias> or the dotted path of a function."
        ) from error
    if not callable(function):
        raise ImproperlyConfigured(
            f"ready_checks has {name!r}, which is {type(function).__name__}; expected a function."
        )
    return partial(_ask_project, name, function)


def _ask_database(alias: str) -> None:
    # `DATABASES = {"default": {}}` says that every query names its database: then all of them are needed.
    needed = [alias] if databases.is_real(alias) else [each for each in connections if databases.is_real(each)]
    for each in needed:
        databases.ask(each)


def _ask_cache(alias: str) -> None:
    try:
        caches[alias].has_key("django_instrumentation:ready")
    finally:
        _close_all()


def _ask_broker() -> None:
    from celery import current_app

    with current_app.connection_for_write() as connection:
        connection.connect()


def _ask_project(name: str, function: Callable[[], object]) -> None:
    try:
        ask = async_to_sync(function) if iscoroutinefunction(function) else function
        if ask() is False:
            raise NotReady(name)
    finally:
        _close_all()


def _close_all() -> None:
    """The connections of this thread, which ends now, to databases and caches."""
    connections.close_all()
    for found in caches.all(initialized_only=True):
        found.close()
        # Django's own for Redis leaves its connections open until the garbage collector comes.
        for pool in getattr(getattr(found, "_cache", None), "_pools", {}).values():
            pool.disconnect()


class NotReady(Exception):
    """A project's check returned False."""


ALIASED: dict[str, tuple[Callable[[str], None], Callable[[], list[str]]]] = {
    "database": (_ask_database, lambda: list(connections)),
    "cache": (_ask_cache, lambda: list(caches)),
}
