"""Who is logged in, as far as a request knows by now: asking must not cost a query."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.utils.functional import LazyObject, empty

from django_instrumentation import conf
from django_instrumentation.context import Person


def finder(request: HttpRequest) -> Callable[[], Person | None]:
    """To be asked for each line, since a view may log somebody in after the first."""
    known: Person | None = None

    def find() -> Person | None:
        nonlocal known
        try:
            user = _user(request)
            if user is None or not user.is_authenticated:
                return None
            if user.pk is not None:  # else the view has deleted the user, who is still the one who did it
                known = _person(user)
        except Exception:  # the project's user, or its attribute, may do anything; a log call must not fail by it
            return known
        return known

    return find


def _user(request: HttpRequest) -> Any:
    found = getattr(request, "user", None)
    if isinstance(found, LazyObject) and found._wrapped is empty:
        # Nobody has asked for request.user; an async view asks request.auser(), which keeps its answer here.
        return getattr(request, "_acached_user", None)
    return found


def _person(user: Any) -> Person:
    attribute = conf.get().organization_attribute
    organization = getattr(user, attribute, None) if attribute else None
    return Person(
        user_id=str(user.pk),
        org_id=None if organization is None else str(organization),
        username=user.get_username(),
        email=getattr(user, "email", None) or None,
    )
