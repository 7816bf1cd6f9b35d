"""Views that the ERP hasn't got."""

from django.http import HttpRequest, HttpResponse
from django.urls import path


def fail(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError


def fine(request: HttpRequest) -> HttpResponse:
    return HttpResponse("fine")


urlpatterns = [path("fail", fail, name="fail"), path("fine", fine, name="fine")]
handler500 = "config.api.server_error"
