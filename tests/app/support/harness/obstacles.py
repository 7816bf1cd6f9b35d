"""What other people's projects put in front of their URLs."""

from collections.abc import Callable

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


urlpatterns = [re_path(r"^(?P<rest>.*)$", catch_all)]
