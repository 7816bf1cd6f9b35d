"""The /metrics page of the web process."""

from django.http import HttpRequest, HttpResponse

from django_o11y import exposition
from django_o11y import metrics as technical
from django_o11y.migrations import PendingMigrationsCollector

PENDING_MIGRATIONS = PendingMigrationsCollector()


def mark_as_telemetry(response: HttpResponse) -> HttpResponse:
    """Keep the answer out of the access log."""
    response.is_telemetry = True  # type: ignore[attr-defined]
    return response


def metrics(request: HttpRequest) -> HttpResponse:
    if not exposition.is_allowed(request.headers.get("Authorization", "")):
        refusal = HttpResponse("The bearer token is missing or wrong.\n", status=401, content_type="text/plain")
        refusal["WWW-Authenticate"] = "Bearer"
        return mark_as_telemetry(refusal)
    technical.IN_FLIGHT.dec()  # the scrape itself doesn't count
    try:
        page = exposition.render(PENDING_MIGRATIONS)
    finally:
        technical.IN_FLIGHT.inc()
    return mark_as_telemetry(HttpResponse(page, content_type=exposition.CONTENT_TYPE))
