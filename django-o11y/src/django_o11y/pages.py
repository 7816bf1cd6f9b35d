"""The pages that the middleware answers by itself, whatever the project's hosts, URLs and middlewares are."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse

from django_o11y import conf, exposition, health
from django_o11y.migrations import PendingMigrationsCollector

Page = Callable[[HttpRequest], HttpResponse]
PENDING_MIGRATIONS = PendingMigrationsCollector()


def find(request: HttpRequest) -> Page | None:
    """What answers this request, or None. The script's prefix, which a project may force, is no part of the path."""
    return by_path(conf.get()).get(request.path_info)


def by_path(settings: conf.Settings) -> dict[str, Page]:
    return {
        settings.live_path: live,
        settings.health_path: live,
        settings.ready_path: ready,
        settings.metrics_path: metrics,
    }


def live(_request: HttpRequest) -> HttpResponse:
    return _health("/livez")


def ready(_request: HttpRequest) -> HttpResponse:
    """May wait for a database and a cache, up to health's deadline."""
    return _health("/readyz")


def metrics(request: HttpRequest) -> HttpResponse:
    """May take long: it reads the files of all processes."""
    if exposition.is_allowed(request.META.get("HTTP_AUTHORIZATION", "")):
        return _page(HttpResponse(exposition.render(PENDING_MIGRATIONS), content_type=exposition.CONTENT_TYPE))
    refusal = HttpResponse("The bearer token is missing or wrong.\n", status=401, content_type="text/plain")
    refusal.headers["WWW-Authenticate"] = "Bearer"
    return _page(refusal)


def _health(path: str) -> HttpResponse:
    answer = health.answer(path, conf.get().ready_checks)
    assert answer is not None  # noqa: S101 - for the type checker: health knows both paths
    status, body = answer
    return _page(JsonResponse(body, status=status))


def _page(response: HttpResponse) -> HttpResponse:
    response.headers["Content-Length"] = str(len(response.content))
    return response
