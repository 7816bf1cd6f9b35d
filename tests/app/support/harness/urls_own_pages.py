"""A project with a page of its own where ours is."""

from django.urls import path

from harness.urls import fine

urlpatterns = [path("livez", fine), path("metrics", fine)]
