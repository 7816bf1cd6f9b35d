"""The /metrics page of the web process."""

from django.http import HttpRequest, HttpResponse

from observability import exposition
from observability.middleware import mark_as_telemetry


def metrics(request: HttpRequest) -> HttpResponse:
    if not exposition.is_allowed(request.headers.get("Authorization", "")):
        refusal = HttpResponse("The bearer token is missing or wrong.\n", status=401, content_type="text/plain")
        refusal["WWW-Authenticate"] = "Bearer"
        return mark_as_telemetry(refusal)
    return mark_as_telemetry(HttpResponse(exposition.render(), content_type=exposition.CONTENT_TYPE))
