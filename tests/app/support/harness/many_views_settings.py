"""The ERP's settings with many views, and no line for each request."""

from django.http import HttpRequest, HttpResponse
from django.urls import path

from config.settings import *  # noqa: F403
from harness.many_views import VIEWS

ROOT_URLCONF = __name__
LOGGING = {"version": 1, "disable_existing_loggers": False}
ALLOWED_HOSTS = ["testserver"]


def view(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [path(str(number), view, name=f"app:some-longer-name-of-a-view-{number}") for number in range(VIEWS)]
