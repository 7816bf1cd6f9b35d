"""A project with a page of its own under each path of the package."""

from django.urls import path

from harness.obstacles import own_page

urlpatterns = [path(name, own_page) for name in ("metrics", "livez", "readyz", "healthz")]
