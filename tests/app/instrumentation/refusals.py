"""Run by test_refusals.py: a site whose views raise what a client can cause, and one request of each, twice."""

import asyncio
import json
import sys
from collections.abc import Callable
from typing import Any

import django
import sentry_sdk

django.setup()

from django.conf import settings  # noqa: E402 - all of these read the settings
from django.core import exceptions  # noqa: E402
from django.core.files.storage import FileSystemStorage  # noqa: E402
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, UnreadablePostError  # noqa: E402
from django.http.multipartparser import MultiPartParserError  # noqa: E402
from django.test import AsyncClient, Client  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402
from rest_framework import exceptions as rest  # noqa: E402
from rest_framework.views import APIView  # noqa: E402

from django_instrumentation import exposition  # noqa: E402

SITE = "tests.app.instrumentation.refusals"


class OwnSuspicion(exceptions.SuspiciousOperation):
    pass


RAISED: dict[str, tuple[Exception, int]] = {
    "Http404": (Http404("hunter2"), 404),
    "PermissionDenied": (exceptions.PermissionDenied("hunter2"), 403),
    "BadRequest": (exceptions.BadRequest("password=hunter2"), 400),
    "SuspiciousOperation": (exceptions.SuspiciousOperation("password=hunter2"), 400),
    "OwnSuspicion": (OwnSuspicion(), 400),
    "DisallowedHost": (exceptions.DisallowedHost(), 400),
    "RequestDataTooBig": (exceptions.RequestDataTooBig(), 400),
    "TooManyFieldsSent": (exceptions.TooManyFieldsSent(), 400),
    "TooManyFilesSent": (exceptions.TooManyFilesSent(), 400),
    "MultiPartParserError": (MultiPartParserError("hunter2"), 400),
    "UnreadablePostError": (UnreadablePostError(), 400),
    "ParseError": (rest.ParseError(), 400),
    "ValidationError": (rest.ValidationError("hunter2"), 400),
    "NotAuthenticated": (rest.NotAuthenticated(), 403),
    "MethodNotAllowed": (rest.MethodNotAllowed("GET"), 405),
    "UnsupportedMediaType": (rest.UnsupportedMediaType("x"), 415),
    "Throttled": (rest.Throttled(7), 429),
}


def raising(error: Exception) -> Callable[..., HttpResponse]:
    if isinstance(error, rest.APIException):

        class View(APIView):
            authentication_classes = permission_classes = ()

            def get(self, request: HttpRequest) -> HttpResponse:
                raise error

        return View.as_view()  # type: ignore[no-any-return]

    def view(request: HttpRequest) -> HttpResponse:
        raise error

    return view


def redirected(request: HttpRequest) -> HttpResponse:
    return HttpResponseRedirect("javascript:alert(1)")


def stored(request: HttpRequest) -> HttpResponse:
    return HttpResponse(FileSystemStorage("/srv").path("../etc/passwd"))


@csrf_exempt
def form(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(len(request.POST) + len(request.FILES)))


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("the site's own fault")


def guarded(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


class InMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/in-middleware":
            raise Http404("hunter2")
        return self.get_response(request)


urlpatterns = [
    *(path(name, raising(error)) for name, (error, _) in RAISED.items()),
    path("DisallowedRedirect", redirected),
    path("SuspiciousFileOperation", stored),
    path("form", form),
    path("csrf", guarded),
    path("broken", broken),
]
handler400, handler403 = "config.api.bad_request", "config.api.forbidden"
handler404, handler500 = "config.api.not_found", "config.api.server_error"

FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=b"
FILES = 150 * '--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\nx\r\n' + "--b--"
REQUESTS: dict[str, tuple[str, str, dict[str, Any], int]] = {
    **{name: ("get", f"/{name}", {}, status) for name, (_, status) in RAISED.items()},
    "DisallowedRedirect": ("get", "/DisallowedRedirect", {}, 400),
    "SuspiciousFileOperation": ("get", "/SuspiciousFileOperation", {}, 400),
    "a wrong host": ("get", "/csrf", {"headers": {"host": "evil.example"}}, 400),
    "no route": ("get", "/nowhere/password=hunter2", {}, 404),
    "in middleware": ("get", "/in-middleware", {}, 404),
    "csrf": ("post", "/csrf?token=hunter2", {}, 403),
    "many fields": ("post", "/form", {"data": "&".join(f"f{n}=1" for n in range(1_500)), "content_type": FORM}, 400),
    "large form": ("post", "/form", {"data": "f=" + "x" * 3_000_000, "content_type": FORM}, 413),
    "large field": ("post", "/form", {"data": "f=" + "x" * 900_000, "content_type": FORM}, 400),
    "many files": (
        "post",
        "/form",
        {"data": FILES, "content_type": PARTS},
        400,
    ),
    "no boundary": ("post", "/form", {"data": "x", "content_type": "multipart/form-data"}, 400),
}


def ask() -> list[tuple[str, str, int]]:
    """(client, name, status) of each request; the last is the only one that is the site's own fault."""
    settings.ROOT_URLCONF = SITE
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{SITE}.InMiddleware"]
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 800_000
    found = []
    for name, client in (("wsgi", Client), ("asgi", AsyncClient)):
        asked = client(enforce_csrf_checks=True, raise_request_exception=False)
        for kind, (method, target, options, _) in {**REQUESTS, "broken": ("get", "/broken", {}, 500)}.items():
            headers = {"x-request-id": f"{name}-{kind.replace(' ', '-')}", **options.get("headers", {})}
            answer = getattr(asked, method)(target, **{**options, "headers": headers})
            response = asyncio.run(answer) if name == "asgi" else answer
            found.append((name, kind, response.status_code))
    return found


if __name__ == "__main__":
    answers = ask()
    sentry_sdk.flush()
    sys.stdout.write(json.dumps({"answers": answers, "metrics": exposition.render().decode()}) + "\n")
