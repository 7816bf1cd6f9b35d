"""Django system checks: what is missing or dangerous, each in a sentence with what to do."""

import os
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import django
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured

from django_o11y import conf, multiprocess
from django_o11y.logging import LineHandler

SUPPORTED_DJANGO = ((5, 2), (6, 0))
"""The versions that django-prometheus 2.5 supports, first and last."""
MIDDLEWARE = "django_o11y.middleware.Middleware"
REPLACED = (
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
)


@checks.register("django_o11y")
def check_observability(app_configs: Any, **_: Any) -> list[checks.CheckMessage]:
    return [
        *_versions(),
        *_middleware(),
        *_settings(),
        *_exports(),
        *_processes(),
        *_logging(),
        *_celery(),
        *_tracing(),
    ]


@checks.register("django_o11y", deploy=True)
def check_deployment(app_configs: Any, **_: Any) -> list[checks.CheckMessage]:
    found: list[checks.CheckMessage] = []
    if settings.DEBUG:
        found.append(
            checks.Warning(
                "DEBUG is on: error pages show settings and code to everybody, and no exception is reported.",
                hint="Set DEBUG = False.",
                id="django_o11y.W010",
            )
        )
    return found


def _versions() -> Iterator[checks.CheckMessage]:
    first, last = SUPPORTED_DJANGO
    if not first <= django.VERSION[:2] <= last:
        yield checks.Error(
            f"Django {django.get_version()} isn't supported: django-prometheus 2.5 takes "
            f"{first[0]}.{first[1]} to {last[0]}.{last[1]}.",
            hint="Install a supported Django, or wait for a django-prometheus that takes yours.",
            id="django_o11y.E001",
        )


def _middleware() -> Iterator[checks.CheckMessage]:
    given = list(settings.MIDDLEWARE)
    if MIDDLEWARE not in given:
        yield checks.Error(
            f"{MIDDLEWARE} is not in MIDDLEWARE, so requests have no id, no line and no metric.",
            hint="Make it the first of MIDDLEWARE.",
            id="django_o11y.E003",
        )
    elif given[0] != MIDDLEWARE:
        yield checks.Warning(
            f"{MIDDLEWARE} is not the first of MIDDLEWARE: what is answered before it has no id, line and metric, and "
            "may refuse scrapes and probes.",
            hint=f"Move it before {given[0]}.",
            id="django_o11y.W003",
        )
    for theirs in REPLACED:
        if theirs in given:
            yield checks.Error(
                f"{theirs} makes the same metrics as {MIDDLEWARE}, so the project doesn't start.",
                hint="Remove it.",
                id="django_o11y.E005",
            )


def _settings() -> Iterator[checks.CheckMessage]:
    try:
        given = conf.get()
    except ImproperlyConfigured as error:
        yield checks.Error(str(error), hint="Correct O11Y in the settings.", id="django_o11y.E007")
        return
    if not given.metrics_token:
        yield checks.Warning(
            "O11Y.metrics_token is empty, so nobody may read /metrics.",
            hint="Read a long random token from a file, and give Prometheus the same one.",
            id="django_o11y.W007",
        )


def _processes() -> Iterator[checks.CheckMessage]:
    workers = os.environ.get("WEB_CONCURRENCY", "")
    if workers.isdigit() and int(workers) > 1 and multiprocess.directory() is None:
        yield checks.Error(
            f"WEB_CONCURRENCY is {workers} but PROMETHEUS_MULTIPROC_DIR isn't set: each process counts for itself, "
            "and counters jump with every scrape.",
            hint="Set it, before Python starts, to a folder on a disk that nothing else fills.",
            id="django_o11y.E008",
        )


def _exports() -> Iterator[checks.CheckMessage]:
    """django-prometheus' own ways out, which don't go with several workers."""
    for name in ("PROMETHEUS_METRICS_EXPORT_PORT", "PROMETHEUS_METRICS_EXPORT_PORT_RANGE"):
        if getattr(settings, name, None):
            yield checks.Error(
                f"{name} is set: the second worker can't bind the port, and each one tells its own share only.",
                hint=f"Remove {name}; django_o11y's /metrics adds all workers up.",
                id="django_o11y.E014",
            )
    if getattr(settings, "PROMETHEUS_EXPORT_MIGRATIONS", False):
        yield checks.Warning(
            "PROMETHEUS_EXPORT_MIGRATIONS is on: no process starts while the database is away, and the figure never "
            "changes after the start.",
            hint="Remove it; django_migrations_pending asks the database again and again.",
            id="django_o11y.W015",
        )


def _logging() -> Iterator[checks.CheckMessage]:
    handlers = (getattr(settings, "LOGGING", None) or {}).get("handlers", {})
    if not any(handler.get("()") in (LineHandler, "django_o11y.logging.LineHandler") for handler in handlers.values()):
        yield checks.Warning(
            "LOGGING has no django_o11y.logging.LineHandler: lines are no JSON and carry no ids.",
            hint="Set LOGGING = django_o11y.logging.logging_config(O11Y).",
            id="django_o11y.W011",
        )


def _celery() -> Iterator[checks.CheckMessage]:
    options = getattr(settings, "CELERY_BROKER_TRANSPORT_OPTIONS", {})
    limit = getattr(settings, "CELERY_TASK_TIME_LIMIT", None)
    visible = options.get("visibility_timeout")
    if getattr(settings, "CELERY_TASK_ACKS_LATE", False) and visible and limit and visible <= limit:
        yield checks.Warning(
            f"The broker's visibility_timeout ({visible} s) is no longer than CELERY_TASK_TIME_LIMIT ({limit} s): "
            "with acks_late a task that takes long is run twice.",
            hint="Make visibility_timeout longer than the longest task and countdown.",
            id="django_o11y.W012",
        )


def _tracing() -> Iterator[checks.CheckMessage]:
    wanted = getattr(getattr(settings, "O11Y", None), "trace_endpoint", "")
    if wanted and find_spec("opentelemetry") is None:
        yield checks.Error(
            f"OTEL_EXPORTER_OTLP_ENDPOINT is {wanted} but OpenTelemetry isn't installed.",
            hint="pip install 'django-o11y[tracing]', or unset the variable.",
            id="django_o11y.E013",
        )
