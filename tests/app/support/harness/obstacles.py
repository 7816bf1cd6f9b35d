"""What other people's projects put in front of their URLs."""

from collections.abc import Callable

from django.core.handlers.base import BaseHandler
from django.http import HttpRequest, HttpResponse
from django.urls import re_path


def catch_all(request: HttpRequest, rest: str = "") -> HttpResponse:
    return HttpResponse("<html>")


def own_page(request: HttpRequest) -> HttpResponse:
    return HttpResponse("own", status=401)


def switch_urls(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Another set of URLs by host, as pretix has."""

    def middleware(request: HttpRequest) -> HttpResponse:
        request.urlconf = "harness.obstacles_own"
        return get_response(request)

    return middleware


def is_never_well() -> bool:
    """A check of readiness."""
    return False


def broken_page(request: HttpRequest, exception: Exception) -> HttpResponse:
    raise LookupError("the page of an error is broken")


class AskTwice:
    """Asks every middleware once more for the same request, as Label Studio does in place of a redirect."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if hasattr(request, "is_second"):
            return self.get_response(request)
        request.is_second = True
        handler = BaseHandler()
        handler.load_middleware()
        found: HttpResponse = handler.get_response(request)
        return found


urlpatterns = [re_path(r"^(?P<rest>.*)$", catch_all)]
