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

from django_o11y import conf, multiprocess
from django_o11y.logging import LineHandler

SUPPORTED_DJANGO = ((5, 2), (6, 0))
"""The versions that django-prometheus 2.5 supports, first and last."""
REQUEST = "django_o11y.middleware.RequestMiddleware"
HEALTH = "django_o11y.middleware.HealthMiddleware"
BEFORE = "django_o11y.prometheus.BeforeMiddleware"
AFTER = "django_o11y.prometheus.AfterMiddleware"
REPLACED = {
    "django_prometheus.middleware.PrometheusBeforeMiddleware": BEFORE,
    "django_prometheus.middleware.PrometheusAfterMiddleware": AFTER,
}


@checks.register("django_o11y")
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


def _apps() -> Iterator[checks.CheckMessage]:
    if "django_prometheus" not in settings.INSTALLED_APPS:
        yield checks.Error(
            "django_prometheus is not in INSTALLED_APPS, so no HTTP metric is made.",
            hint='Add "django_prometheus" to INSTALLED_APPS.',
            id="django_o11y.E002",
        )


def _middleware() -> Iterator[checks.CheckMessage]:
    given = list(settings.MIDDLEWARE)
    if REQUEST not in given:
        yield checks.Error(
            f"{REQUEST} is not in MIDDLEWARE, so requests have no id and no access line.",
            hint="Make it the first of MIDDLEWARE.",
            id="django_o11y.E003",
        )
    elif given[0] != REQUEST:
        yield checks.Warning(
            f"{REQUEST} is not the first of MIDDLEWARE: lines written before it have no ids.",
            hint=f"Move it before {given[0]}.",
            id="django_o11y.W003",
        )
    if HEALTH not in given:
        yield checks.Error(
            f"{HEALTH} is not in MIDDLEWARE, so nothing answers /livez and /readyz.",
            hint=f"Add it right after {REQUEST}.",
            id="django_o11y.E004",
        )
    elif given.index(HEALTH) > 1:
        yield checks.Warning(
            f"{HEALTH} is not the second of MIDDLEWARE: hosts, redirects or sessions can fail a probe.",
            hint=f"Move it right after {REQUEST}.",
            id="django_o11y.W004",
        )
    for theirs, ours in REPLACED.items():
        if theirs in given:
            yield checks.Warning(
                f"{theirs} counts a failed request twice and takes any verb for a label.",
                hint=f"Put {ours} in its place.",
                id="django_o11y.W005",
            )
    if AFTER in given and given[-1] != AFTER:
        yield checks.Warning(
            f"{AFTER} is not the last of MIDDLEWARE: the time of what follows isn't measured.",
            hint=f"Move it behind {given[-1]}.",
            id="django_o11y.W006",
        )
    if (BEFORE in given) is not (AFTER in given):
        yield checks.Error(
            f"{BEFORE} and {AFTER} belong together; MIDDLEWARE has one of them, so no latency is measured.",
            hint="Add the other.",
            id="django_o11y.E006",
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
    try:
        view = resolve("/metrics").func
    except Resolver404:
        yield checks.Warning(
            "There is no /metrics in the URLs, so Prometheus has nothing to scrape.",
            hint='Add path("metrics", django_o11y.views.metrics) to urlpatterns.',
            id="django_o11y.W008",
        )
        return
    if view.__module__.startswith("django_prometheus"):
        yield checks.Warning(
            "/metrics is open to everybody, and shows one process of several.",
            hint="Route it to django_o11y.views.metrics, which wants a bearer token.",
            id="django_o11y.W009",
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
                hint=f"Remove {name}; /metrics of django_o11y.urls adds all workers up.",
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
