"""What django_instrumentation.setup() puts into a project's settings. It may be called more than once."""

import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.conf import settings

from django_instrumentation import conf, errors, uncaught

APP = "django_instrumentation"
MIDDLEWARE = "django_instrumentation.middleware.Middleware"
REPLACED_MIDDLEWARE = (
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
)
"""They count what ours count, under the same names."""
LOGGING_CONFIGS = ("logging.config.dictConfig", "django_instrumentation.logging_merge.configure")
"""Django's and ours; any other one of a project stays."""

replaced: set[str] = set()
"""Those of them that were taken out of this project's settings."""


def install(namespace: dict[str, Any], given: dict[str, Any]) -> None:
    ours = namespace["INSTRUMENTATION"] = _settings(namespace, given)
    apps = namespace.get("INSTALLED_APPS", [])
    if not any(app == APP or app.startswith(f"{APP}.") for app in apps):
        namespace["INSTALLED_APPS"] = _like(apps, [*apps, APP])
    middleware = namespace.get("MIDDLEWARE", [])
    replaced.update(name for name in middleware if name in REPLACED_MIDDLEWARE)
    theirs = [name for name in middleware if name not in (MIDDLEWARE, *REPLACED_MIDDLEWARE)]
    namespace["MIDDLEWARE"] = _like(middleware, [MIDDLEWARE, *theirs])
    if namespace.setdefault("LOGGING_CONFIG", LOGGING_CONFIGS[0]) in LOGGING_CONFIGS:
        namespace["LOGGING_CONFIG"] = LOGGING_CONFIGS[1]
        namespace["LOGGING"] = namespace.get("LOGGING") or {"version": 1}  # Django doesn't call it for an empty one
    uncaught.install(ours.log_format)
    if "celery" in sys.modules:  # the command `celery` loads the settings first, and the apps when it has said hello
        from django_instrumentation import celery

        celery.connect(is_logging_ours=is_logging_ours(namespace["LOGGING_CONFIG"]))
    errors.init(ours)


def is_logging_ours(logging_config: str | None) -> bool:
    return logging_config == LOGGING_CONFIGS[1]


def put_in_front() -> None:
    """Once every app is ready: some, such as OpenTelemetry's instrumentation, put theirs before all others."""
    given = list(settings.MIDDLEWARE)
    if MIDDLEWARE in given[1:]:
        settings.MIDDLEWARE = [MIDDLEWARE, *(name for name in given if name != MIDDLEWARE)]


def _settings(namespace: dict[str, Any], given: dict[str, Any]) -> conf.Settings:
    """Those of an earlier call, with what is given now, or else those of the environment."""
    if isinstance(earlier := namespace.get("INSTRUMENTATION"), conf.Settings):
        return replace(earlier, **given)
    names = ("WSGI_APPLICATION", "ASGI_APPLICATION", "ROOT_URLCONF", "__name__")
    project = conf.first_part(*(namespace.get(name) or "" for name in names))
    named = {name: project for name in ("application", "service") if not conf.read(name.upper())}
    return conf.from_environment(**{**named, **given})


def _like(given: Iterable[str], items: list[str]) -> Iterable[str]:
    return tuple(items) if isinstance(given, tuple) else items
