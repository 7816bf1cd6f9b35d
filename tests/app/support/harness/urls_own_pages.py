"""A project with a page of its own where each of ours is."""

from django.urls import path

from harness.urls import fine

urlpatterns = [path(page, fine) for page in ("livez", "healthz", "readyz", "metrics")]
