"""A project whose single-page application answers every path."""

from django.urls import re_path

from harness.urls import fine

urlpatterns = [re_path(r"^.*$", fine)]
