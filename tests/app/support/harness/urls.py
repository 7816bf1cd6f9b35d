"""Views for the tests of the middleware, each with another ending."""

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path


def fail(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError


def fine(request: HttpRequest) -> HttpResponse:
    return HttpResponse("fine")


def missing(request: HttpRequest) -> HttpResponse:
    raise Http404


def forbidden(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


urlpatterns = [path(view.__name__, view, name=view.__name__) for view in (fail, fine, missing, forbidden)]
handler500 = "config.api.server_error"
