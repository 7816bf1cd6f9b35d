"""Django system checks: what is missing or dangerous, each in a sentence with what to do."""

import os
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import django
from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.urls import Resolver404, resolve

from observability import conf, multiprocess
from observability.logging import LineHandler

SUPPORTED_DJANGO = ((5, 2), (6, 0))
"""The versions that django-prometheus 2.5 supports, first and last."""
REQUEST = "observability.middleware.RequestMiddleware"
HEALTH = "observability.middleware.HealthMiddleware"
BEFORE = "observability.prometheus.BeforeMiddleware"
AFTER = "observability.prometheus.AfterMiddleware"
REPLACED = {
    "django_prometheus.middleware.PrometheusBeforeMiddleware": BEFORE,
    "django_prometheus.middleware.PrometheusAfterMiddleware": AFTER,
}


@checks.register("observability")
def check_observability(app_configs: Any, **_: Any) -> list[checks.CheckMessage]:
    return [
        *_versions(),
        *_apps(),
        *_middleware(),
        *_settings(),
        *_exports(),
        *_processes(),
        *_logging(),
        *_celery(),
        *_tracing(),
    ]


@checks.register("observability", deploy=True)
def check_deployment(app_configs: Any, **_: Any) -> list[checks.CheckMessage]:
    found: list[checks.CheckMessage] = []
    if settings.DEBUG:
        found.append(
            checks.Warning(
                "DEBUG is on: error pages show settings and code to everybody, and no exception is reported.",
                hint="Set DEBUG = False.",
                id="observability.W010",
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
            id="observability.E001",
        )


def _apps() -> Iterator[checks.CheckMessage]:
    if "django_prometheus" not in settings.INSTALLED_APPS:
        yield checks.Error(
            "django_prometheus is not in INSTALLED_APPS, so no HTTP metric is made.",
            hint='Add "django_prometheus" to INSTALLED_APPS.',
            id="observability.E002",
        )


def _middleware() -> Iterator[checks.CheckMessage]:
    given = list(settings.MIDDLEWARE)
    if REQUEST not in given:
        yield checks.Error(
            f"{REQUEST} is not in MIDDLEWARE, so requests have no id and no access line.",
            hint="Make it the first of MIDDLEWARE.",
            id="observability.E003",
        )
    elif given[0] != REQUEST:
        yield checks.Warning(
            f"{REQUEST} is not the first of MIDDLEWARE: lines written before it have no ids.",
            hint=f"Move it before {given[0]}.",
            id="observability.W003",
        )
    if HEALTH not in given:
        yield checks.Error(
            f"{HEALTH} is not in MIDDLEWARE, so nothing answers /livez and /readyz.",
            hint=f"Add it right after {REQUEST}.",
            id="observability.E004",
        )
    elif given.index(HEALTH) > 1:
        yield checks.Warning(
            f"{HEALTH} is not the second of MIDDLEWARE: hosts, redirects or sessions can fail a probe.",
            hint=f"Move it right after {REQUEST}.",
            id="observability.W004",
        )
    for theirs, ours in REPLACED.items():
        if theirs in given:
            yield checks.Warning(
                f"{theirs} counts a failed request twice and takes any verb for a label.",
                hint=f"Put {ours} in its place.",
                id="observability.W005",
            )
    if AFTER in given and given[-1] != AFTER:
        yield checks.Warning(
            f"{AFTER} is not the last of MIDDLEWARE: the time of what follows isn't measured.",
            hint=f"Move it behind {given[-1]}.",
            id="observability.W006",
        )
    if (BEFORE in given) is not (AFTER in given):
        yield checks.Error(
            f"{BEFORE} and {AFTER} belong together; MIDDLEWARE has one of them, so no latency is measured.",
            hint="Add the other.",
            id="observability.E006",
        )


def _settings() -> Iterator[checks.CheckMessage]:
    try:
        given = conf.get()
    except ImproperlyConfigured as error:
        yield checks.Error(str(error), hint="Correct OBSERVABILITY in the settings.", id="observability.E007")
        return
    if not given.metrics_token:
        yield checks.Warning(
            "OBSERVABILITY.metrics_token is empty, so nobody may read /metrics.",
            hint="Read a long random token from a file, and give Prometheus the same one.",
            id="observability.W007",
        )
    try:
        view = resolve("/metrics").func
    except Resolver404:
        yield checks.Warning(
            "There is no /metrics in the URLs, so Prometheus has nothing to scrape.",
            hint='Add path("metrics", observability.views.metrics) to urlpatterns.',
            id="observability.W008",
        )
        return
    if view.__module__.startswith("django_prometheus"):
        yield checks.Warning(
            "/metrics is open to everybody, and shows one process of several.",
            hint="Route it to observability.views.metrics, which wants a bearer token.",
            id="observability.W009",
        )


def _processes() -> Iterator[checks.CheckMessage]:
    workers = os.environ.get("WEB_CONCURRENCY", "")
    if workers.isdigit() and int(workers) > 1 and multiprocess.directory() is None:
        yield checks.Error(
            f"WEB_CONCURRENCY is {workers} but PROMETHEUS_MULTIPROC_DIR isn't set: each process counts for itself, "
            "and counters jump with every scrape.",
            hint="Set it, before Python starts, to a folder on a disk that nothing else fills.",
            id="observability.E008",
        )


def _exports() -> Iterator[checks.CheckMessage]:
    """django-prometheus' own ways out, which don't go with several workers."""
    for name in ("PROMETHEUS_METRICS_EXPORT_PORT", "PROMETHEUS_METRICS_EXPORT_PORT_RANGE"):
        if getattr(settings, name, None):
            yield checks.Error(
                f"{name} is set: the second worker can't bind the port, and each one tells its own share only.",
                hint=f"Remove {name}; /metrics of observability.urls adds all workers up.",
                id="observability.E014",
            )
    if getattr(settings, "PROMETHEUS_EXPORT_MIGRATIONS", False):
        yield checks.Warning(
            "PROMETHEUS_EXPORT_MIGRATIONS is on: no process starts while the database is away, and the figure never "
            "changes after the start.",
            hint="Remove it; django_migrations_pending asks the database again and again.",
            id="observability.W015",
        )


def _logging() -> Iterator[checks.CheckMessage]:
    handlers = (getattr(settings, "LOGGING", None) or {}).get("handlers", {})
    if not any(
        handler.get("()") in (LineHandler, "observability.logging.LineHandler") for handler in handlers.values()
    ):
        yield checks.Warning(
            "LOGGING has no observability.logging.LineHandler: lines are no JSON and carry no ids.",
            hint="Set LOGGING = observability.logging.logging_config(OBSERVABILITY).",
            id="observability.W011",
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
            id="observability.W012",
        )


def _tracing() -> Iterator[checks.CheckMessage]:
    wanted = getattr(getattr(settings, "OBSERVABILITY", None), "trace_endpoint", "")
    if wanted and find_spec("opentelemetry") is None:
        yield checks.Error(
            f"OTEL_EXPORTER_OTLP_ENDPOINT is {wanted} but OpenTelemetry isn't installed.",
            hint="pip install 'observability-for-django[tracing]', or unset the variable.",
            id="observability.E013",
        )
