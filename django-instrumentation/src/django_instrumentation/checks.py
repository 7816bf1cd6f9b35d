"""Django system checks: what is missing or dangerous, each in a sentence with what to do."""

import os
from collections.abc import Iterator
from itertools import combinations
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.urls import NoReverseMatch, Resolver404, ResolverMatch, resolve, reverse

from django_instrumentation import conf, group_folder, health, installation, multiprocess, tracing

TAG = "django_instrumentation"
NO_PAGE = "/no-project-has-this-page"
Found = Iterator[checks.CheckMessage]


@checks.register(TAG)
def check_settings(app_configs: Any, **_: Any) -> list[checks.CheckMessage]:
    try:
        given = conf.get()
    except ImproperlyConfigured as error:
        hint = "Call django_instrumentation.setup(globals()) at the end of the settings."
        return [checks.Error(str(error), hint=hint, id="django_instrumentation.E007")]
    return [
        *_middleware(),
        *_urls(given),
        *_ready_checks(given),
        *_exports(),
        *_processes(),
        *_logging(),
        *_tracing(given),
    ]


@checks.register(TAG, deploy=True)
def check_deployment(app_configs: Any, **_: Any) -> list[checks.CheckMessage]:
    found: list[checks.CheckMessage] = []
    if settings.DEBUG:
        found.append(
            checks.Warning(
                "DEBUG is on: error pages show settings and code to everybody.",
                hint="Set DEBUG = False.",
                id="django_instrumentation.W010",
            )
        )
    if isinstance(getattr(settings, "INSTRUMENTATION", None), conf.Settings):
        found.extend([*_token(conf.get()), *_pages(conf.get())])
    return found


def _middleware() -> Found:
    given = tuple(settings.MIDDLEWARE)
    if given[:1] != (installation.MIDDLEWARE,):
        yield checks.Error(
            f"MIDDLEWARE is {', '.join(given) or 'empty'}; expected {installation.MIDDLEWARE} to be the first: "
            "what stands before it can answer /metrics and the health paths, and isn't measured.",
            hint="Call django_instrumentation.setup(globals()) after the last change of MIDDLEWARE: it puts the order "
            "right.",
            id="django_instrumentation.E003",
        )
    for name in sorted(installation.replaced.union(given).intersection(installation.REPLACED_MIDDLEWARE)):
        yield checks.Warning(
            f"{name} counts what {TAG} counts, under the same names; setup() takes it out.",
            hint="Remove it from MIDDLEWARE.",
            id="django_instrumentation.W005",
        )


def _ready_checks(given: conf.Settings) -> Found:
    for name in given.ready_checks:
        try:
            health.find(name)
        except ImproperlyConfigured as error:
            yield checks.Error(
                str(error), hint="Correct INSTRUMENTATION's ready_checks.", id="django_instrumentation.E031"
            )


def _token(given: conf.Settings) -> Found:
    if given.metrics_path and not given.metrics_token:
        yield checks.Warning(
            "INSTRUMENTATION.metrics_token is empty, so nobody may read /metrics.",
            hint="Set METRICS_TOKEN_FILE to a file with a long random token, and give Prometheus the same one.",
            id="django_instrumentation.W007",
        )


def _urls(given: conf.Settings) -> Found:
    """Pages of the project's own that ours would hide, and django-prometheus' page, which has no token."""
    if not _answers_requests():
        return
    for name in conf.PATHS:
        path = getattr(given, name)
        match = _resolve(path) if path else None
        # What takes any path, or any word in the place of the last one, was not made for this one.
        takes_any = [_resolve(f"{folder}{NO_PAGE}") for folder in (path.rpartition("/")[0], "/django-instrumentation")]
        if match is None or _is_ours(match) or match.route in [each.route for each in takes_any if each]:
            continue
        yield checks.Error(
            f"{path} is a page of the project's own ({match._func_path}), which {TAG} would hide.",
            hint=f"Give {name} of setup() another path, or remove the page from the URLs.",
            id="django_instrumentation.E009",
        )
    try:
        path = reverse("prometheus-django-metrics")
    except NoReverseMatch:
        return
    match = _resolve(path)
    if match and not _is_ours(match) and path != given.metrics_path:
        yield checks.Warning(
            f"{path} is open to everybody, and shows one process of several.",
            hint=f"Remove django_prometheus.urls; {given.metrics_path or 'metrics_path'} wants a token and shows all.",
            id="django_instrumentation.W009",
        )


def _answers_requests() -> bool:
    """Django lets a project leave it out, such as one of nothing but commands or tasks."""
    return bool(getattr(settings, "ROOT_URLCONF", None))


def _resolve(path: str) -> ResolverMatch | None:
    try:
        return resolve(path)
    except Resolver404:
        return None


def _is_ours(match: ResolverMatch) -> bool:
    return str(match._func_path).startswith(f"{TAG}.")


def _pages(given: conf.Settings) -> Found:
    """Request our pages as Prometheus and a load balancer would, with a Host that isn't the site's."""
    from django_instrumentation import own_pages  # its imports are for nothing else

    middleware = list(settings.MIDDLEWARE)
    equal = list(_equal_paths(given))
    yield from equal
    if equal or installation.MIDDLEWARE not in middleware or not _answers_requests():
        return  # what the pages answer would only repeat it
    for path, wrong in own_pages.ask(given):
        first = middleware[: max(1, middleware.index(installation.MIDDLEWARE))]
        yield checks.Error(
            f"GET {path} with a foreign Host and without the database {wrong}",
            hint=f"First of MIDDLEWARE: {', '.join(first)}. Call django_instrumentation.setup(globals()) last in the "
            "settings.",
            id="django_instrumentation.E016",
        )


def _equal_paths(given: conf.Settings) -> Found:
    """live_path and health_path may be one, since they answer the same."""
    for first, second in combinations(conf.PATHS, 2):
        path = getattr(given, first)
        if path and path == getattr(given, second) and {first, second} != {"live_path", "health_path"}:
            yield checks.Error(
                f"{first} and {second} are both {path}; expected two paths, because they are two pages.",
                hint=f"Give {first} or {second} of setup() another path.",
                id="django_instrumentation.E017",
            )


def _processes() -> Found:
    workers = os.environ.get("WEB_CONCURRENCY", "")
    if workers.isdigit() and int(workers) > 1 and multiprocess.directory() is None:
        yield checks.Error(
            f"WEB_CONCURRENCY is {workers} but PROMETHEUS_MULTIPROC_DIR isn't set: each process counts for itself, "
            "and counters jump with every scrape.",
            hint="Set it, before Python starts, to a folder on a disk that nothing else fills.",
            id="django_instrumentation.E008",
        )

    if (folder := multiprocess.directory()) and (found := group_folder.problem(folder)):
        yield checks.Error(
            f"{found}: metrics go to a folder below the system's one for temporary files, or are lost.",
            hint="Set PROMETHEUS_MULTIPROC_DIR to a folder on a local disk that the processes' user owns.",
            id="django_instrumentation.E030",
        )


def _exports() -> Found:
    """django-prometheus' own ways out, which don't go with several workers."""
    for name in ("PROMETHEUS_METRICS_EXPORT_PORT", "PROMETHEUS_METRICS_EXPORT_PORT_RANGE"):
        if getattr(settings, name, None):
            yield checks.Error(
                f"{name} is set: the second worker can't bind the port, and each one shows its own share only.",
                hint=f"Remove {name}; the /metrics of {installation.MIDDLEWARE} adds all workers up.",
                id="django_instrumentation.E014",
            )
    if getattr(settings, "PROMETHEUS_EXPORT_MIGRATIONS", False):
        yield checks.Warning(
            "PROMETHEUS_EXPORT_MIGRATIONS is on: no process starts while the database is away, and the figure never "
            "changes after the start.",
            hint="Remove it; django_migrations_pending asks the database again and again.",
            id="django_instrumentation.W015",
        )


def _logging() -> Found:
    expected = installation.LOGGING_CONFIGS[1]
    if not installation.is_logging_ours(settings.LOGGING_CONFIG):
        yield checks.Warning(
            f"LOGGING_CONFIG is {settings.LOGGING_CONFIG!r}: lines are no JSON and carry no ids.",
            hint=f'Set LOGGING_CONFIG = "{expected}", or configure logging with '
            "django_instrumentation.logging_merge.merged().",
            id="django_instrumentation.W011",
        )


def _tracing(given: conf.Settings) -> Found:
    if given.trace_endpoint and not tracing.is_disabled() and not tracing.is_installed():
        yield checks.Error(
            f"OTEL_EXPORTER_OTLP_ENDPOINT is {given.trace_endpoint} but OpenTelemetry isn't installed: no traces.",
            hint="pip install 'django-instrumentation[tracing]', or unset the variable.",
            id="django_instrumentation.E013",
        )
